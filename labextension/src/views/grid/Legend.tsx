import type { ReactElement } from 'react';

import type { TaskState } from '../../api/schema';
import { TASK_STATES } from '../../api/schema';
import type { IGridRow } from '../../models/gridcells';
import { trans } from '../../trans';
import { LOOKS, stateClass } from '../states';
import { counted } from '../text';

/** What the signs mean that are there, and of how much. */
export function Legend({ rows, hasMore }: { rows: readonly IGridRow[]; hasMore: boolean }): ReactElement {
  const present = new Set<TaskState>();
  for (const { run } of rows) {
    Object.keys(run.counts).forEach(state => present.add(state as TaskState));
  }
  return (
    <div className="jp-Studio-legend">
      {TASK_STATES.filter(state => present.has(state)).map(state => (
        <span key={state}>
          <span className={`jp-Studio-gridState ${stateClass(state)}`} aria-hidden>
            {LOOKS[state].glyph}
          </span>
          {LOOKS[state].label}
        </span>
      ))}
      <span className="jp-Studio-space" />
      <span className="jp-Studio-muted">
        {hasMore ? trans.__('the newest %1; older ones come as you scroll', counted(rows.length, 'run')) : counted(rows.length, 'run')}
      </span>
    </div>
  );
}
