import type { KeyboardEvent, ReactElement, RefObject } from 'react';
import { memo, useCallback, useEffect, useId, useMemo, useRef, useState } from 'react';

import type { ILayoutEngine } from '../layout/engine';
import type { ILayout, ILayoutNode, ILayoutRequest } from '../layout/layout';
import { signatureOf } from '../layout/layout';
import type { IGraphNode } from '../models/dag';
import type { IGroupedGraph } from '../models/graphgroups';
import { groupStatus, shownFor } from '../models/graphgroups';
import type { IGroup } from '../models/groups';
import type { INodeStatus } from '../models/run';
import { trans } from '../trans';
import { EdgeNames, edgeKey, namesOf } from './EdgeNames';
import { useFolds } from './folds';
import { Button } from './Glyph';
import { foldedWidth, GraphGroup, labelPlace, labelWidth } from './GraphGroup';
import { focusPlace, neighbour } from './graphkeys';
import { GraphNode, NODE_HEIGHT, nodeWidth } from './GraphNode';
import { Empty } from './Notes';
import { LEGIBLE, MARGIN, useViewport } from './viewport';
import { Words } from './Words';

const LOWEST = 110; // pixels
const HIGHEST = 420; // pixels

const NO_GROUPS: readonly IGroup[] = [];

export interface IGraphProps {
  /** What is folded is remembered for each DAG. */
  dagId: string;
  nodes: readonly IGraphNode[];
  groups?: readonly IGroup[];
  status: (id: string) => INodeStatus | null;
  chosen: string | null;
  onChoose: (id: string | null) => void;
  /** Several tasks are chosen, instead of one: `onChoose` says which one is to be chosen or no longer chosen. */
  picked?: ReadonlySet<string>;
  /** The tasks that it is about; others are faint. */
  included?: ReadonlySet<string>;
  engine: ILayoutEngine;
  /** What the graph shows, for screen readers. */
  label: string;
  /** Take the height the graph needs, instead of the height of the parent. */
  isFlowing: boolean;
}

/** Tasks and what they wait for. Laid out when nodes, edges or folds change; a state only changes colours and words. */
export function Graph(props: IGraphProps): ReactElement {
  const { dagId, nodes, groups = NO_GROUPS, status, chosen, onChoose, picked, included, engine, label, isFlowing } = props;
  const folding = useFolds(dagId, nodes, groups);
  const { layout, graph } = useLayout(folding.graph, engine);
  const frame = useRef<HTMLDivElement>(null);
  const drawing = useRef<SVGSVGElement>(null);
  const viewport = useViewport(frame, drawing, layout);
  const names = useMemo(() => namesOf(nodes), [nodes]);
  const places = useMemo(() => (layout === null ? [] : placesOf(layout, graph)), [layout, graph]);
  const [pointed, setPointed] = useState<string | null>(null); // a task, or an edge
  const height = useHeight(frame, layout);
  const [lastFocus, setLastFocus] = useState<string | null>(null);

  const latest = useRef({ chosen, onChoose, toggle: folding.toggle, places });
  latest.current = { chosen: picked === undefined ? chosen : null, onChoose, toggle: folding.toggle, places };
  const choose = useCallback((id: string) => {
    setLastFocus(id);
    latest.current.onChoose(latest.current.chosen === id ? null : id);
  }, []);
  const toggled = useRef<ILayoutNode | null>(null); // where that was which is being folded or unfolded
  const toggle = useCallback((key: string) => {
    setLastFocus(key);
    toggled.current = latest.current.places.find(place => place.id === key) ?? null;
    latest.current.toggle(key);
  }, []);
  useEffect(() => {
    const before = toggled.current;
    const after = places.find(place => place.id === before?.id);
    toggled.current = null;
    if (before !== null && after !== undefined) {
      viewport.hold(before, after);
      focusPlace(drawing.current, viewport, after);
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once for each layout, not when a word changes
  }, [layout]);
  const onKey = useCallback(
    (event: KeyboardEvent, key: string) => {
      if (event.key === 'Enter' || event.key === ' ') {
        event.preventDefault();
        (event.currentTarget.hasAttribute('data-group') ? toggle : choose)(key);
      } else if (event.key.startsWith('Arrow')) {
        const next = neighbour(latest.current.places, key, event.key);
        if (next !== null) {
          event.preventDefault();
          setLastFocus(next.id);
          focusPlace(drawing.current, viewport, next);
        }
      }
    },
    [choose, toggle, viewport]
  );

  if (nodes.length === 0) {
    return (
      <Empty title={trans.__('This DAG has no tasks yet.')}>
        <p>
          <Words text={trans.__('Add one inside `with DAG(…)`: `notebook("report.ipynb")`')} />
        </p>
      </Empty>
    );
  }
  const shownChosen = chosen === null ? null : shownFor(graph, chosen);
  const tabStop = [lastFocus, shownChosen].find(key => places.some(place => place.id === key)) ?? layout?.nodes[0]?.id;
  const groupOf = (place: ILayoutNode): ReactElement | null => {
    const group = graph.groups.get(place.id);
    return group === undefined ? null : (
      <GraphGroup
        key={place.id}
        group={group}
        place={place}
        status={groupStatus(group.members, status)}
        isChosen={picked === undefined ? place.id === shownChosen : group.members.some(id => picked.has(id))}
        isFaint={included !== undefined && group.isFolded && !group.members.some(id => included.has(id))}
        isTabStop={place.id === tabStop}
        onToggle={toggle}
        onKey={onKey}
      />
    );
  };
  return (
    <div
      className="jp-Studio-graph"
      ref={frame}
      style={isFlowing ? { height } : undefined}
      data-lm-suppress-shortcuts="true"
    >
      {layout !== null && (
        <svg
          ref={drawing}
          className="jp-Studio-graphDrawing"
          width={layout.width}
          height={layout.height}
          role="group"
          aria-label={label}
          onMouseOver={event => setPointed(names.size > 0 ? pointedAt(event.target) : null)}
          onMouseLeave={() => setPointed(null)}
          onBlur={() => setPointed(null)}
          onFocus={event => {
            setPointed(names.size > 0 ? pointedAt(event.target) : null);
            const place = places.find(({ id }) => id === event.target.getAttribute('data-key'));
            if (place !== undefined) {
              viewport.reveal(place);
            }
          }}
        >
          {layout.frames.map(groupOf)}
          <Edges layout={layout} names={names} />
          {layout.nodes.map(place => {
            const task = graph.tasks.get(place.id);
            return (
              task === undefined ? groupOf(place) : (
                <GraphNode
                  key={place.id}
                  node={task.node}
                  name={task.label}
                  place={place}
                  status={status(place.id)}
                  isChosen={picked === undefined ? place.id === chosen : picked.has(place.id)}
                  isFaint={included !== undefined && !included.has(place.id)}
                  isTabStop={place.id === tabStop}
                  onChoose={choose}
                  onKey={onKey}
                />
              )
            );
          })}
          {names.size > 0 && <EdgeNames layout={layout} names={names} pointed={[pointed, chosen]} />}
        </svg>
      )}
      <div className="jp-Studio-graphTools">
        {folding.hasGroups && (
          <>
            <Button glyph="fold" title={trans.__('Fold all groups')} onClick={folding.foldAll} />
            <Button glyph="unfold" title={trans.__('Unfold all groups')} onClick={folding.unfoldAll} />
          </>
        )}
        <Button glyph="minus" title={trans.__('Zoom out')} onClick={() => viewport.zoom(1 / 1.3)} />
        <Button glyph="fit" title={trans.__('Show all')} onClick={() => viewport.fit()} />
        <Button glyph="plus" title={trans.__('Zoom in (or ctrl + wheel)')} onClick={() => viewport.zoom(1.3)} />
      </div>
    </div>
  );
}

/** The task or the edge under the pointer. */
function pointedAt(target: EventTarget): string | null {
  const element = target instanceof Element ? target.closest('[data-task], [data-edge]') : null;
  return element?.getAttribute('data-task') ?? element?.getAttribute('data-edge') ?? null;
}

interface IEdgesProps {
  layout: ILayout;
  /** Of these edges is known what is passed along: they can be pointed at. */
  names: ReadonlyMap<string, readonly string[]>;
}

const Edges = memo(function Edges({ layout, names }: IEdgesProps): ReactElement {
  const arrow = `jp-Studio-arrow${useId()}`; // an id is of the whole page, where several graphs may be
  return (
    <>
      <defs>
        <marker id={arrow} viewBox="0 0 8 8" refX={7.5} refY={4} markerWidth={8} markerHeight={8} orient="auto">
          <path className="jp-Studio-arrow" d="M0.5,0.5 L7.5,4 L0.5,7.5 z" />
        </marker>
      </defs>
      {layout.edges.map(edge => (
        <path
          key={edgeKey(edge.from, edge.to)}
          className="jp-Studio-edge"
          d={edge.path}
          markerEnd={`url(#${arrow})`}
          aria-hidden
        />
      ))}
      {layout.edges
        .map(edge => ({ key: edgeKey(edge.from, edge.to), path: edge.path }))
        .filter(({ key }) => names.has(key))
        .map(({ key, path }) => (
          <path key={`${key} wide`} className="jp-Studio-edgeWide" d={path} data-edge={key} aria-hidden />
        ))}
    </>
  );
});

interface ILaidOut {
  readonly layout: ILayout | null;
  /** What it is the layout of. */
  readonly graph: IGroupedGraph;
}

/** The layout of `graph`; while a new one is made, the one before, and null at first. */
function useLayout(graph: IGroupedGraph, engine: ILayoutEngine): ILaidOut {
  const [made, setMade] = useState<ILaidOut & { signature: string }>({ layout: null, graph, signature: '' });
  const request = useMemo(() => requestOf(graph), [graph]);
  const signature = useMemo(() => signatureOf(request), [request]);
  const latest = useRef({ request, graph });
  latest.current = { request, graph };
  useEffect(() => {
    let isCurrent = true;
    void engine.layout(latest.current.request).then(layout => {
      if (isCurrent) {
        setMade({ layout, graph: latest.current.graph, signature });
      }
    });
    return () => {
      isCurrent = false;
    };
  }, [engine, signature]);
  return made.signature === signature ? { layout: made.layout, graph } : made;
}

/** The height that shows all of a layout at the width there is, within limits; in pixels. */
function useHeight(frame: RefObject<HTMLElement>, layout: ILayout | null): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = frame.current;
    if (element === null) {
      return;
    }
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, [frame, layout]);
  if (layout === null) {
    return LOWEST;
  }
  const scale = width === 0 ? 1 : Math.min(Math.max((width - 2 * MARGIN) / layout.width, LEGIBLE), 1);
  return Math.round(Math.min(Math.max(layout.height * scale + 2 * MARGIN, LOWEST), HIGHEST));
}

function requestOf({ tasks, groups, edges }: IGroupedGraph): ILayoutRequest {
  const inside = new Map<string, string[]>();
  const node = (id: string, width: number, parent: string | null): ILayoutRequest['nodes'][number] => {
    if (parent !== null) {
      const ids = inside.get(parent) ?? [];
      ids.push(id);
      inside.set(parent, ids);
    }
    return { id, width, height: NODE_HEIGHT };
  };
  const drawn = [...groups.values()];
  return {
    nodes: [
      ...[...tasks].map(([id, { label, parent }]) => node(id, nodeWidth(label), parent)),
      ...drawn.filter(({ isFolded }) => isFolded).map(({ key, label, parent }) => node(key, foldedWidth(label), parent))
    ],
    edges,
    frames: drawn
      .filter(({ isFolded }) => !isFolded)
      .map(({ key, label, parent }) => ({
        id: key,
        parent,
        nodes: inside.get(key) ?? [],
        labelWidth: labelWidth(label)
      }))
  };
}

/** Where the focus can be: nodes, and the labels of frames. */
function placesOf(layout: ILayout, { groups }: IGroupedGraph): ILayoutNode[] {
  return [...layout.nodes, ...layout.frames.map(frame => labelPlace(frame, groups.get(frame.id)?.label ?? ''))];
}
