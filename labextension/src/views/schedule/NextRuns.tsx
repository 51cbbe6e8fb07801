import type { ReactElement } from 'react';

import type { SchedulePreview } from '../../api/schema';
import { language, trans } from '../../trans';
import { Relative } from '../Times';

/** When a schedule starts runs: in words, and the next dates; where the clocks change in between, that is said. */
export function NextRuns({ preview }: { preview: SchedulePreview }): ReactElement {
  const { words, runs } = preview;
  return (
    <div className="jp-Studio-nextRuns" role="status" aria-label={trans.__('Next runs')}>
      <p>
        {words}
      </p>
      <ol>
        {runs.map(({ local, run_after: at }, index) => {
          const before = runs[index - 1];
          const isOther = before !== undefined && offsetOf(before.local) !== offsetOf(local);
          return (
            <li key={at}>
              <span className="jp-Studio-moment">{clockOf(local)}</span>{' '}
              <span className="jp-Studio-muted">
                <Relative time={at} />
              </span>
              {isOther && <b> {trans.__('the clocks have changed (now UTC%1)', offsetOf(local))}</b>}
            </li>
          );
        })}
      </ol>
      {runs.length === 0 && <p>{trans.__('No run will ever start.')}</p>}
    </div>
  );
}

/** "Tue 2026-11-24 06:00", on the wall clock of the schedule. */
export function clockOf(local: string): string {
  const day = new Date(`${local.slice(0, 10)}T12:00:00Z`);
  const weekday = day.toLocaleDateString(language, { weekday: 'short', timeZone: 'UTC' });
  return `${weekday} ${local.slice(0, 10)} ${local.slice(11, 16)}`;
}

function offsetOf(local: string): string {
  return /(?:[+-]\d\d:\d\d|Z)$/.exec(local)?.[0] ?? '';
}
