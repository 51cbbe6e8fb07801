import type { KeyboardEvent, ReactElement, RefObject } from 'react';
import { memo, useCallback, useEffect, useId, useMemo, useRef, useState } from 'react';

import type { ILayoutEngine } from '../layout/engine';
import type { ILayout, ILayoutRequest } from '../layout/layout';
import { signatureOf } from '../layout/layout';
import type { IGraphNode } from '../models/dag';
import type { INodeStatus } from '../models/run';
import { trans } from '../trans';
import { EdgeNames, edgeKey, namesOf } from './EdgeNames';
import { Button } from './Glyph';
import { GraphNode, NODE_HEIGHT, nodeWidth } from './GraphNode';
import { Empty } from './Notes';
import type { Viewport } from './viewport';
import { LEGIBLE, MARGIN, useViewport } from './viewport';
import { Words } from './Words';

const LOWEST = 110; // pixels
const HIGHEST = 420; // pixels

export interface IGraphProps {
  nodes: readonly IGraphNode[];
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

/** Tasks and what they wait for. Laid out when nodes or edges change; a state only changes colours and words. */
export function Graph(props: IGraphProps): ReactElement {
  const { nodes, status, chosen, onChoose, picked, included, engine, label, isFlowing } = props;
  const layout = useLayout(nodes, engine);
  const frame = useRef<HTMLDivElement>(null);
  const drawing = useRef<SVGSVGElement>(null);
  const viewport = useViewport(frame, drawing, layout);
  const byId = useMemo(() => new Map(nodes.map(node => [node.id, node])), [nodes]);
  const names = useMemo(() => namesOf(nodes), [nodes]);
  const [pointed, setPointed] = useState<string | null>(null); // a task, or an edge
  const height = useHeight(frame, layout);
  const [lastFocus, setLastFocus] = useState<string | null>(null);

  const latest = useRef({ chosen, onChoose });
  latest.current = { chosen: picked === undefined ? chosen : null, onChoose };
  const choose = useCallback((id: string) => {
    setLastFocus(id);
    latest.current.onChoose(latest.current.chosen === id ? null : id);
  }, []);
  const onKey = useCallback(
    (event: KeyboardEvent, id: string) => {
      if (event.key === 'Enter' || event.key === ' ') {
        event.preventDefault();
        choose(id);
      } else if (layout !== null && event.key.startsWith('Arrow')) {
        const next = neighbour(layout, id, event.key);
        if (next !== null) {
          event.preventDefault();
          setLastFocus(next);
          focusNode(drawing.current, viewport, layout, next);
        }
      }
    },
    [choose, layout, viewport]
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
  const first = layout?.nodes[0]?.id ?? null;
  const tabStop = chosen ?? (lastFocus !== null && byId.has(lastFocus) ? lastFocus : first);
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
            const place = layout.nodes.find(node => node.id === event.target.getAttribute('data-task'));
            if (place !== undefined) {
              viewport.reveal(place);
            }
          }}
        >
          <Edges layout={layout} names={names} />
          {layout.nodes.map(place => {
            const node = byId.get(place.id);
            return (
              node !== undefined && (
                <GraphNode
                  key={place.id}
                  node={node}
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

/** The layout of `nodes`; while a new one is made, the one before, and null at first. */
function useLayout(nodes: readonly IGraphNode[], engine: ILayoutEngine): ILayout | null {
  const [layout, setLayout] = useState<ILayout | null>(null);
  const request = useMemo(() => requestOf(nodes), [nodes]);
  const signature = useMemo(() => signatureOf(request), [request]);
  const latest = useRef(request);
  latest.current = request;
  useEffect(() => {
    let isCurrent = true;
    void engine.layout(latest.current).then(made => {
      if (isCurrent) {
        setLayout(made);
      }
    });
    return () => {
      isCurrent = false;
    };
  }, [engine, signature]);
  return layout;
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

function requestOf(nodes: readonly IGraphNode[]): ILayoutRequest {
  return {
    nodes: nodes.map(node => ({ id: node.id, width: nodeWidth(node.id), height: NODE_HEIGHT })),
    edges: nodes.flatMap(node => node.upstream.map(upstream => [upstream, node.id] as const))
  };
}

/** The nearest node in the direction of an arrow key; going aside costs more than going on. */
function neighbour(layout: ILayout, from: string, key: string): string | null {
  const start = layout.nodes.find(node => node.id === from);
  if (start === undefined) {
    return null;
  }
  const isAcross = key === 'ArrowLeft' || key === 'ArrowRight';
  const sign = key === 'ArrowRight' || key === 'ArrowDown' ? 1 : -1;
  let best: string | null = null;
  let least = Infinity;
  for (const node of layout.nodes) {
    const dx = node.x + node.width / 2 - start.x - start.width / 2;
    const dy = node.y + node.height / 2 - start.y - start.height / 2;
    const [along, aside] = isAcross ? [sign * dx, Math.abs(dy)] : [sign * dy, Math.abs(dx)];
    if (along > 1 && along + 2 * aside < least) {
      least = along + 2 * aside;
      best = node.id;
    }
  }
  return best;
}

function focusNode(drawing: SVGSVGElement | null, viewport: Viewport, layout: ILayout, id: string): void {
  const place = layout.nodes.find(node => node.id === id);
  const element = [...(drawing?.querySelectorAll<SVGGElement>('.jp-Studio-node') ?? [])].find(
    node => node.dataset['task'] === id
  );
  if (place !== undefined && element !== undefined) {
    viewport.reveal(place);
    element.focus({ preventScroll: true });
  }
}
