import type { KeyboardEvent, ReactElement } from 'react';
import { memo } from 'react';

import type { ILayoutNode } from '../layout/layout';
import { LABEL_HEIGHT } from '../layout/layout';
import type { IDrawnGroup } from '../models/graphgroups';
import type { INodeStatus } from '../models/run';
import { trans } from '../trans';
import { isSameStatus, LONGEST, nodeWidth, textWidth } from './GraphNode';
import { StateDisc } from './StateIcon';
import { LOOKS, stateClass } from './states';
import { counted, cutMiddle } from './text';

const BESIDE = 46; // pixels left for what folds, the icon and margins
const BOLD = 1.12; // the label of a frame may not be cut off: for wide fonts
const INSET = 8; // pixels: where Graphviz puts the label in a frame

/** How wide the label of a frame is, in pixels; it does not depend on states. */
export function labelWidth(label: string): number {
  return Math.round(textWidth(label) * BOLD) + BESIDE;
}

/** How wide a folded group is drawn, in pixels. */
export function foldedWidth(label: string): number {
  return nodeWidth(label) + 20;
}

/** Where the label of a frame is: what is clicked, and what has the focus. */
export function labelPlace(frame: ILayoutNode, label: string): ILayoutNode {
  return { id: frame.id, x: frame.x + INSET, y: frame.y + 4, width: labelWidth(label), height: LABEL_HEIGHT };
}

export interface IGraphGroupProps {
  group: IDrawnGroup;
  place: ILayoutNode;
  status: INodeStatus | null;
  /** The task that is looked at is in it, and not to be seen. */
  isChosen: boolean;
  isFaint: boolean;
  isTabStop: boolean;
  /** Fold or unfold it. */
  onToggle: (key: string) => void;
  onKey: (event: KeyboardEvent, key: string) => void;
}

/** A group of tasks: a frame that folds at its label, or one node that unfolds. */
export const GraphGroup = memo(function GraphGroup(props: IGraphGroupProps): ReactElement {
  const { group, place, status, isChosen, isFaint, isTabStop, onToggle, onKey } = props;
  const { key, id, isFolded } = group;
  const state = status?.state ?? 'none';
  const faint = isFaint ? ' jp-mod-faint' : '';
  const common = {
    role: 'button',
    tabIndex: isTabStop ? 0 : -1,
    'aria-label': wordsOf(group, status),
    'aria-expanded': !isFolded,
    'data-group': id,
    'data-key': key,
    'data-state': state,
    onClick: () => onToggle(key),
    onKeyDown: (event: KeyboardEvent) => onKey(event, key)
  };
  const title = <title>{isFolded ? trans.__('%1: unfold', id) : trans.__('%1: fold', id)}</title>;
  if (isFolded) {
    return (
      <g
        className={`jp-Studio-node jp-mod-group ${stateClass(state)}${isChosen ? ' jp-mod-selected' : ''}${faint}`}
        transform={`translate(${place.x.toFixed(1)}, ${place.y.toFixed(1)})`}
        {...common}
      >
        {title}
        <rect className="jp-Studio-nodeBehind" x={4} y={4} width={place.width} height={place.height} rx={6} />
        <rect className="jp-Studio-nodeBox" width={place.width} height={place.height} rx={6} />
        <Disc x={11} y={(place.height - 18) / 2} size={18} state={state} />
        <text className="jp-Studio-nodeName" x={37} y={20}>
          {cutMiddle(group.label, LONGEST)}
        </text>
        <text className="jp-Studio-nodeNote" aria-hidden x={37} y={35}>
          {noteOf(group, status)}
        </text>
        <path className="jp-Studio-foldSign" d={`M${place.width - 15},${place.height / 2 - 4} l4,4 l-4,4`} />
      </g>
    );
  }
  const label = labelPlace(place, group.label);
  return (
    <g className={`jp-Studio-group ${stateClass(state)}${faint}`}>
      <rect className="jp-Studio-groupFrame" x={place.x} y={place.y} width={place.width} height={place.height} rx={8} />
      <g className="jp-Studio-groupLabel" transform={`translate(${label.x.toFixed(1)}, ${label.y.toFixed(1)})`} {...common}>
        {title}
        <rect className="jp-Studio-groupLabelBox" width={label.width} height={label.height} rx={5} />
        <path className="jp-Studio-foldSign" d="M6,10 l4,4 l4,-4" />
        <Disc x={19} y={5} size={14} state={state} />
        <text className="jp-Studio-nodeName" x={38} y={17}>
          {cutMiddle(group.label, LONGEST)}
        </text>
      </g>
    </g>
  );
}, isSame);

function Disc({ x, y, size, state }: { x: number; y: number; size: number; state: INodeStatus['state'] }): ReactElement {
  return (
    <svg x={x} y={y} width={size} height={size} viewBox="0 0 16 16" aria-hidden>
      <StateDisc state={state} />
    </svg>
  );
}

/** The second line of a folded group. */
function noteOf({ members }: IDrawnGroup, status: INodeStatus | null): string {
  return status?.mapped == null
    ? counted(members.length, 'task')
    : `${LOOKS[status.state].label} · ${status.mapped.done}/${status.mapped.total}`;
}

function wordsOf({ id, members }: IDrawnGroup, status: INodeStatus | null): string {
  const size = counted(members.length, 'task');
  const words = [trans.__('Group %1', id), size];
  if (status?.mapped != null) {
    words.push(LOOKS[status.state].label, trans.__('%1 of %2 done', status.mapped.done, status.mapped.total));
  }
  return words.join(', ');
}

function isSame(a: IGraphGroupProps, b: IGraphGroupProps): boolean {
  return (
    a.group === b.group &&
    a.place === b.place &&
    a.isChosen === b.isChosen &&
    a.isFaint === b.isFaint &&
    a.isTabStop === b.isTabStop &&
    a.onToggle === b.onToggle &&
    a.onKey === b.onKey &&
    isSameStatus(a.status, b.status)
  );
}
