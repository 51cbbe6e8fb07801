import type { ReactElement } from 'react';

import type { TaskState } from '../api/schema';
import type { IGraphNode } from '../models/dag';
import type { INodeStatus } from '../models/run';
import { trans } from '../trans';
import { StateIcon } from './StateIcon';
import { LOOKS } from './states';
import { counted } from './text';

const ORDER: readonly TaskState[] = [
  'success',
  'running',
  'stopping',
  'restarting',
  'queued',
  'scheduled',
  'up_for_retry',
  'up_for_reschedule',
  'deferred',
  'awaiting_input',
  'failed',
  'upstream_failed',
  'skipped',
  'cancelled',
  'removed',
  'none'
];

export interface ISummaryProps {
  nodes: readonly IGraphNode[];
  status: (id: string) => INodeStatus | null;
}

/** How many tasks are in which state: a legend that counts, and the sentence a screen reader hears. */
export function Summary({ nodes, status }: ISummaryProps): ReactElement | null {
  const counts = new Map<TaskState, number>();
  for (const node of nodes) {
    const state = status(node.id)?.state;
    if (state !== undefined) {
      counts.set(state, (counts.get(state) ?? 0) + 1);
    }
  }
  const shown = ORDER.filter(state => counts.has(state));
  const others = shown.filter(state => state !== 'success' && state !== 'none');
  const sentence = [
    trans.__('%1 of %2 succeeded', counts.get('success') ?? 0, counted(nodes.length, 'task')),
    ...others.map(state => `${counts.get(state) ?? 0} ${LOOKS[state].label}`)
  ].join(', ');
  if (nodes.length === 0) {
    return null;
  }
  return (
    <div className="jp-Studio-summary">
      <span className="jp-Studio-onlyHeard" aria-live="polite">
        {shown.length > 0 && sentence}
      </span>
      {shown.length === 0 && <span>{counted(nodes.length, 'task')}</span>}
      {shown.map(state => (
        <span key={state} className="jp-Studio-summaryItem" aria-hidden>
          <StateIcon state={state} />
          {counts.get(state)} {LOOKS[state].label}
        </span>
      ))}
    </div>
  );
}
