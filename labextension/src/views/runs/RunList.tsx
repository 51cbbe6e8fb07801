import type { ReactElement } from 'react';
import { useEffect, useRef, useState } from 'react';

import type { RunSummary } from '../../api/schema';
import type { RunListModel } from '../../models/runlist';
import { keyOf } from '../../models/runlist';
import { trans } from '../../trans';
import { LinkButton } from '../Glyph';
import { secondsOf } from '../Runs';
import { MiddleCut } from '../MiddleCut';
import { StateBadge } from '../StateIcon';
import { runName } from '../text';
import { Elapsed, Relative } from '../Times';
import { typeOf } from './words';

const ROW = 30; // pixels; `style/runlist.css` has the same
const AROUND = 12; // rows that are drawn beyond what is in sight
const AHEAD = 30; // rows before the end of what is known; then more is fetched

export interface IRunListProps {
  model: RunListModel;
  timezone: (run: RunSummary) => string;
  /** The run that is looked at. */
  shown: string | null;
  onShow: (run: RunSummary) => void;
  /** Keys of the chosen runs; null: none can be chosen. */
  chosen: ReadonlySet<string> | null;
  onChoose?: (chosen: ReadonlySet<string>) => void;
}

/** Runs in a table as long as it takes; only what is in sight is drawn. */
export function RunList({ model, timezone, shown, onShow, chosen, onChoose }: IRunListProps): ReactElement {
  const frame = useRef<HTMLDivElement>(null);
  const runs = model.runs ?? [];
  const [from, to] = useRows(frame, runs.length);
  useEffect(() => {
    if (model.hasMore && to + AHEAD > runs.length) {
      void model.more();
    }
  }, [model, to, runs.length]);
  const drawn = runs.slice(from, to);
  const longest = Math.max(...drawn.map(run => secondsOf(run) ?? 0), 0.001);
  const toggle = (keys: readonly string[], isOn: boolean): void => {
    const next = new Set(chosen);
    keys.forEach(key => (isOn ? next.add(key) : next.delete(key)));
    onChoose?.(next);
  };
  const isOfMany = model.dagId === null;
  const columns = 8 + Number(chosen !== null) + Number(isOfMany);
  return (
    <div className="jp-Studio-runList" ref={frame}>
      <table className="jp-Studio-runTable" aria-rowcount={model.hasMore ? -1 : runs.length + 1}>
        <thead>
          <tr>
            {chosen !== null && (
              <th scope="col">
                <input
                  type="checkbox"
                  aria-label={trans.__('Choose all runs that are listed')}
                  checked={runs.length > 0 && runs.every(run => chosen.has(keyOf(run)))}
                  onChange={event => toggle(runs.map(keyOf), event.target.checked)}
                />
              </th>
            )}
            {isOfMany && <th scope="col">{trans.__('DAG')}</th>}
            <th scope="col">{trans.__('Run')}</th>
            <th scope="col">{trans.__('State')}</th>
            <th scope="col">{trans.__('Type')}</th>
            <th scope="col">{trans.__('Tasks')}</th>
            <th scope="col">{trans.__('Started')}</th>
            <th scope="col">{trans.__('Took')}</th>
            <th scope="col">{trans.__('By')}</th>
            <th scope="col">{trans.__('Note')}</th>
          </tr>
        </thead>
        <tbody>
          <Gap rows={from} columns={columns} />
          {drawn.map((run, index) => {
            const key = keyOf(run);
            return (
              <tr
                key={key}
                aria-rowindex={from + index + 2}
                className={run.run_id === shown ? 'jp-mod-selected' : ''}
                data-run={run.run_id}
              >
                {chosen !== null && (
                  <td>
                    <input
                      type="checkbox"
                      aria-label={trans.__('Choose %1', run.run_id)}
                      checked={chosen.has(key)}
                      onChange={event => toggle([key], event.target.checked)}
                    />
                  </td>
                )}
                {isOfMany && (
                  <td>
                    <LinkButton title={trans.__('Show %1 of %2', run.run_id, run.dag_id)} onClick={() => onShow(run)}>
                      <MiddleCut text={run.dag_id} />
                    </LinkButton>
                  </td>
                )}
                <th scope="row" title={run.run_id}>
                  <LinkButton title={trans.__('Show %1', run.run_id)} onClick={() => onShow(run)}>
                    {runName(run, timezone(run))}
                  </LinkButton>
                </th>
                <td>
                  <StateBadge state={run.cancelling ? 'stopping' : run.state} />
                </td>
                <td>{typeOf(run)}</td>
                <td className="jp-mod-number">{tasksOf(run)}</td>
                <td>{run.started_at !== null && <Relative time={run.started_at} />}</td>
                <td>{run.started_at !== null && <Took run={run} longest={longest} />}</td>
                <td className="jp-Studio-muted">{run.triggered_by}</td>
                <td className="jp-Studio-muted" title={run.note}>
                  {run.note}
                </td>
              </tr>
            );
          })}
          <Gap rows={runs.length - to} columns={columns} />
        </tbody>
      </table>
    </div>
  );
}

function Took({ run, longest }: { run: RunSummary; longest: number }): ReactElement {
  const width = Math.max(((secondsOf(run) ?? 0) / longest) * 48, 2);
  return (
    <span className="jp-Studio-took">
      <span className={`jp-Studio-tookBar jp-Studio-is-${run.state}`} style={{ width }} aria-hidden />
      <Elapsed start={run.started_at ?? ''} end={run.ended_at} />
    </span>
  );
}

/** In the place of rows that are not drawn. */
function Gap({ rows, columns }: { rows: number; columns: number }): ReactElement | null {
  return rows <= 0 ? null : (
    <tr aria-hidden style={{ height: rows * ROW }}>
      <td colSpan={columns} />
    </tr>
  );
}

function tasksOf(run: RunSummary): string {
  const total = Object.values(run.counts).reduce((sum, count) => sum + count, 0);
  const failed = (run.counts['failed'] ?? 0) + (run.counts['upstream_failed'] ?? 0);
  const done = (run.counts['success'] ?? 0) + (run.counts['skipped'] ?? 0);
  if (total === 0) {
    return '';
  }
  return failed > 0 ? trans.__('%1 of %2, %3 failed', done, total, failed) : trans.__('%1 of %2', done, total);
}

function useRows(frame: { current: HTMLElement | null }, count: number): readonly [number, number] {
  const [rows, setRows] = useState<readonly [number, number]>([0, 60]);
  useEffect(() => {
    const element = frame.current;
    if (element === null) {
      return;
    }
    const measure = (): void => {
      const first = Math.floor(element.scrollTop / ROW);
      const from = Math.max(0, Math.floor((first - AROUND) / AROUND) * AROUND);
      const to = Math.ceil((first + element.clientHeight / ROW + AROUND) / AROUND) * AROUND;
      setRows(before => (before[0] === from && before[1] === to ? before : [from, to]));
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    element.addEventListener('scroll', measure, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', measure);
    };
  }, [frame]);
  return [Math.min(rows[0], count), Math.min(rows[1], count)];
}
