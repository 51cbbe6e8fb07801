import type { ReactElement } from 'react';

import type { RunSummary } from '../api/schema';
import { trans } from '../trans';
import { LinkButton } from './Glyph';
import { StateBadge } from './StateIcon';
import { runName } from './text';
import { Elapsed, Relative } from './Times';

export interface IRunTableProps {
  /** Newest first. */
  runs: readonly RunSummary[];
  timezone: string;
  shown: string | null;
  /** Null: show none. */
  onShow: (runId: string | null) => void;
}

/** Runs with their states and durations. */
export function RunTable({ runs, timezone, shown, onShow }: IRunTableProps): ReactElement {
  const longest = Math.max(...runs.map(lengthOf), 0.001);
  return (
    <div className="jp-Studio-tableFrame">
      <table className="jp-Studio-runTable">
        <thead>
          <tr>
            <th scope="col">{trans.__('Run')}</th>
            <th scope="col">{trans.__('State')}</th>
            <th scope="col">{trans.__('Tasks')}</th>
            <th scope="col">{trans.__('Started')}</th>
            <th scope="col">{trans.__('Took')}</th>
            <th scope="col">{trans.__('By')}</th>
          </tr>
        </thead>
        <tbody>
          {runs.map(run => (
            <tr key={run.run_id} className={run.run_id === shown ? 'jp-mod-selected' : ''} data-run={run.run_id}>
              <th scope="row">
                <LinkButton
                  title={run.run_id === shown ? trans.__('Close %1', run.run_id) : trans.__('Show %1', run.run_id)}
                  onClick={() => onShow(run.run_id === shown ? null : run.run_id)}
                >
                  {runName(run, timezone)}
                </LinkButton>
              </th>
              <td>
                <StateBadge state={run.cancelling ? 'stopping' : run.state} />
              </td>
              <td className="jp-mod-number">{tasksText(run)}</td>
              <td>{run.started_at !== null && <Relative time={run.started_at} />}</td>
              <td>
                {run.started_at !== null && (
                  <span className="jp-Studio-took">
                    <span
                      className={`jp-Studio-tookBar jp-Studio-is-${run.state}`}
                      style={{ width: `${Math.max((lengthOf(run) / longest) * 48, 2)}px` }}
                      aria-hidden
                    />
                    <Elapsed start={run.started_at} end={run.ended_at} />
                  </span>
                )}
              </td>
              <td className="jp-Studio-muted">{byWhom(run)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function lengthOf(run: RunSummary): number {
  if (run.started_at === null) {
    return 0;
  }
  return ((run.ended_at === null ? Date.now() : Date.parse(run.ended_at)) - Date.parse(run.started_at)) / 1000;
}

function tasksText(run: RunSummary): string {
  const total = Object.values(run.counts).reduce((sum, count) => sum + count, 0);
  const done = (run.counts['success'] ?? 0) + (run.counts['skipped'] ?? 0);
  return total === 0 ? '' : trans.__('%1 of %2', done, total);
}

function byWhom(run: RunSummary): string {
  return run.backfill !== null ? trans.__('backfill %1', run.backfill) : run.run_type === 'manual' ? trans.__('by hand') : run.run_type;
}
