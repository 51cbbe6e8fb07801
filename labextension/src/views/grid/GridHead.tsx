import type { ReactElement } from 'react';
import { memo } from 'react';

import type { RunSummary } from '../../api/schema';
import type { IGridRow } from '../../models/gridcells';
import { trans } from '../../trans';
import { runTip, secondsOf } from '../Runs';
import { stateClass } from '../states';
import { dateText, runName } from '../text';
import { COLUMN } from './sizes';

const TALLEST = 40; // pixels
const DATED = 8; // each so many columns have a date above

export interface IGridHeadProps {
  id: string;
  /** Those that are drawn. */
  rows: readonly IGridRow[];
  /** The column of the first of them; column 0 is at the right. */
  from: number;
  timezone: string;
  shownRun: string | null;
  cursor: number | null;
}

/** Above the columns: a bar for each run, as long as it took. */
export const GridHead = memo(function GridHead(props: IGridHeadProps): ReactElement {
  const { id, rows, from, timezone, shownRun, cursor } = props;
  const longest = Math.max(...rows.map(({ run }) => secondsOf(run) ?? 0), 0.001);
  return (
    <div className="jp-Studio-gridHead" role="row" aria-rowindex={1} data-line={-1}>
      <div className="jp-Studio-gridCorner" role="columnheader">
        {trans.__('Task')}
      </div>
      {rows.map(({ run }, index) => {
        const column = from + index;
        const height = Math.max(((secondsOf(run) ?? 0) / longest) * TALLEST, 3);
        const isShown = run.run_id === shownRun;
        return (
          <div
            key={run.run_id}
            id={`${id}--1-${column}`}
            role="columnheader"
            aria-label={runTip(run, timezone)}
            aria-selected={isShown}
            title={runTip(run, timezone)}
            className={`jp-Studio-gridRun${isShown ? ' jp-mod-shown' : ''}${cursor === column ? ' jp-mod-cursor' : ''}`}
            style={{ right: column * COLUMN }}
            data-column={column}
          >
            {column % DATED === 0 && <span className="jp-Studio-gridDate">{dateOf(run, timezone)}</span>}
            <span className={`jp-Studio-gridBar ${stateClass(run.state)}`} style={{ height }} />
            <span className="jp-Studio-gridType" aria-hidden>
              {TYPES[run.run_type] ?? ''}
            </span>
          </div>
        );
      })}
    </div>
  );
});

/** Below the bar: runs that are not the schedule's. */
const TYPES: Readonly<Record<string, string>> = { manual: '▸', backfill: '↶', asset: '◆', operator: '◆' };

function dateOf(run: RunSummary, timezone: string): string {
  return run.logical_date === null ? runName(run, timezone) : dateText(run.logical_date, timezone);
}
