import type { KeyboardEvent, ReactElement } from 'react';
import { memo } from 'react';

import type { TaskState } from '../api/schema';
import type { ILayoutNode } from '../layout/layout';
import type { IGraphNode } from '../models/dag';
import type { INodeStatus } from '../models/run';
import { trans } from '../trans';
import { StateDisc } from './StateIcon';
import { LOOKS, stateClass } from './states';
import { cutMiddle } from './text';
import { Elapsed } from './Times';

export const LONGEST = 26; // characters of a name that fit
const CHARACTER = 7.4; // pixels, about, of the node's font
const BESIDE = 46; // pixels left for icon and margins
const NARROWEST = 146; // pixels; "upstream failed" fits

/** In these states the times, if there are any, are of an earlier try. */
const UNTIMED: ReadonlySet<TaskState> = new Set(['none', 'scheduled', 'queued', 'upstream_failed', 'skipped', 'removed']);

export const NODE_HEIGHT = 46; // pixels

/** How wide the node of a task is drawn, in pixels; it does not depend on the task's state. */
export function nodeWidth(name: string): number {
  return Math.max(NARROWEST, textWidth(name) + BESIDE);
}

/** How wide a name is in the node's font, about, as it is cut; in pixels. */
export function textWidth(name: string): number {
  return Math.round(Math.min(name.length, LONGEST) * CHARACTER);
}

export interface IGraphNodeProps {
  node: IGraphNode;
  /** What it is called where it stands: in the frame of a group without the group's name. */
  name: string;
  place: ILayoutNode;
  status: INodeStatus | null;
  isChosen: boolean;
  /** It is left out of what the graph is about. */
  isFaint: boolean;
  /** The one node that the tab key reaches; arrow keys go on from there. */
  isTabStop: boolean;
  onChoose: (id: string) => void;
  onKey: (event: KeyboardEvent, id: string) => void;
}

function GraphNodeView(props: IGraphNodeProps): ReactElement {
  const { node, name, place, status, isChosen, isFaint, isTabStop, onChoose, onKey } = props;
  const state = status?.state ?? 'none';
  const words = [node.id, status === null ? trans.__('no run yet') : LOOKS[state].label];
  if (status?.mapped != null) {
    words.push(trans.__('%1 of %2', status.mapped.done, status.mapped.total));
  }
  return (
    <g
      className={`jp-Studio-node ${stateClass(state)}${isChosen ? ' jp-mod-selected' : ''}${isFaint ? ' jp-mod-faint' : ''}`}
      transform={`translate(${place.x.toFixed(1)}, ${place.y.toFixed(1)})`}
      role="button"
      tabIndex={isTabStop ? 0 : -1}
      aria-label={words.join(', ')}
      aria-pressed={isChosen}
      data-task={node.id}
      data-key={place.id}
      data-state={state}
      onClick={() => onChoose(node.id)}
      onKeyDown={event => onKey(event, node.id)}
    >
      {(name.length > LONGEST || name !== node.id) && <title>{node.id}</title>}
      <rect className="jp-Studio-nodeBox" width={place.width} height={place.height} rx={6} />
      <svg x={11} y={(place.height - 18) / 2} width={18} height={18} viewBox="0 0 16 16" aria-hidden>
        <StateDisc state={state} />
      </svg>
      <text className="jp-Studio-nodeName" x={37} y={20}>
        {cutMiddle(name, LONGEST)}
      </text>
      <text className="jp-Studio-nodeNote" aria-hidden x={37} y={35}>
        <Note node={node} status={status} />
      </text>
    </g>
  );
}

/** The second line: the state in words, with how long; before any run what the task is. */
function Note({ node, status }: { node: IGraphNode; status: INodeStatus | null }): ReactElement {
  if (status === null) {
    return <>{cutMiddle(node.label !== '' && node.label !== node.id ? node.label : node.kind, LONGEST)}</>;
  }
  const { state, mapped, startedAt, endedAt } = status;
  if (mapped !== null) {
    return <>{`${LOOKS[state].label} · ${mapped.done}/${mapped.total}`}</>;
  }
  const isTimed = startedAt !== null && !UNTIMED.has(state) && (endedAt !== null || state === 'running' || state === 'stopping');
  return (
    <>
      {LOOKS[state].label}
      {isTimed && (
        <>
          {' · '}
          <Elapsed start={startedAt} end={endedAt} />
        </>
      )}
    </>
  );
}

/** Whether two look the same. */
export function isSameStatus(s: INodeStatus | null, t: INodeStatus | null): boolean {
  return (
    s?.state === t?.state &&
    s?.startedAt === t?.startedAt &&
    s?.endedAt === t?.endedAt &&
    s?.mapped?.done === t?.mapped?.done &&
    s?.mapped?.total === t?.mapped?.total
  );
}

function isSame(a: IGraphNodeProps, b: IGraphNodeProps): boolean {
  return (
    a.node === b.node &&
    a.name === b.name &&
    a.place === b.place &&
    a.isChosen === b.isChosen &&
    a.isFaint === b.isFaint &&
    a.isTabStop === b.isTabStop &&
    a.onChoose === b.onChoose &&
    a.onKey === b.onKey &&
    isSameStatus(a.status, b.status)
  );
}

/** Of a thousand nodes only those are drawn again whose task changed. */
export const GraphNode = memo(GraphNodeView, isSame);
