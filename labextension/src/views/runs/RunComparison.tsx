import type { ReactElement } from 'react';

import type { IStudioClient } from '../../api/client';
import type { RunSummary, TaskStatus } from '../../api/schema';
import { linesBetween } from '../../models/codediff';
import { trans } from '../../trans';
import { Diff } from '../Diff';
import { Button } from '../Glyph';
import { useFetched } from '../hooks';
import { Empty, ErrorNote } from '../Notes';
import { StateBadge } from '../StateIcon';
import { durationText, runName } from '../text';

export interface IRunComparisonProps {
  client: IStudioClient;
  runs: readonly [RunSummary, RunSummary];
  timezone: string;
  onClose: () => void;
}

/** Two runs side by side: parameters, versions, and how each task went. */
export function RunComparison({ client, runs, timezone, onClose }: IRunComparisonProps): ReactElement {
  // The older one at the left, whichever was chosen first.
  const [before, after] = runs[0].run_after <= runs[1].run_after ? runs : [runs[1], runs[0]];
  const fetch = (run: RunSummary): Promise<readonly TaskStatus[]> =>
    client
      .call('get_run', { path: { dag_id: run.dag_id, run_id: run.run_id } })
      .then(({ tasks }) => tasks);
  const both = useFetched(() => Promise.all([fetch(before), fetch(after)]), [client, before, after]);
  const params = linesBetween(textOf(before), textOf(after));
  return (
    <section className="jp-Studio-comparison" aria-label={trans.__('Two runs compared')}>
      <header className="jp-Studio-cardHeader">
        <h3>{trans.__('%1 and %2', runName(before, timezone), runName(after, timezone))}</h3>
        <span className="jp-Studio-space" />
        <Button glyph="close" title={trans.__('Close the comparison')} onClick={onClose} />
      </header>
      {params.length === 0 ? (
        <p className="jp-Studio-muted">{trans.__('Same version of the DAG, same parameters.')}</p>
      ) : (
        <Diff lines={params} label={trans.__('What differs in version and parameters')} />
      )}
      {both.error !== null && <ErrorNote error={both.error} onRetry={both.again} />}
      {both.value === null ? (
        both.error === null && <Empty title={trans.__('Fetching both runs…')} />
      ) : (
        <Tasks before={both.value[0]} after={both.value[1]} names={[runName(before, timezone), runName(after, timezone)]} />
      )}
    </section>
  );
}

function Tasks(props: {
  before: readonly TaskStatus[];
  after: readonly TaskStatus[];
  names: readonly [string, string];
}): ReactElement {
  const { before, after, names } = props;
  const [old, now] = [byName(before), byName(after)];
  const all = [...new Set([...now.keys(), ...old.keys()])];
  return (
    <div className="jp-Studio-tableFrame">
      <table className="jp-Studio-runTable">
        <thead>
          <tr>
            <th scope="col">{trans.__('Task')}</th>
            <th scope="col" colSpan={2}>
              {names[0]}
            </th>
            <th scope="col" colSpan={2}>
              {names[1]}
            </th>
            <th scope="col">{trans.__('Difference')}</th>
          </tr>
        </thead>
        <tbody>
          {all.map(name => {
            const [left, right] = [old.get(name), now.get(name)];
            const isOther = left?.state !== right?.state;
            return (
              <tr key={name} className={isOther ? 'jp-mod-differs' : ''}>
                <th scope="row">{name}</th>
                <Side task={left} />
                <Side task={right} />
                <td className="jp-mod-number">{difference(left, right)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Side({ task }: { task: TaskStatus | undefined }): ReactElement {
  const seconds = task === undefined ? null : secondsOf(task);
  return (
    <>
      <td>{task === undefined ? <span className="jp-Studio-muted">{trans.__('not there')}</span> : <StateBadge state={task.state} />}</td>
      <td className="jp-mod-number">{seconds === null ? '' : durationText(seconds)}</td>
    </>
  );
}

function byName(tasks: readonly TaskStatus[]): Map<string, TaskStatus> {
  return new Map(tasks.map(task => [task.map_index < 0 ? task.task_id : `${task.task_id} [${task.map_index}]`, task]));
}

function secondsOf({ started_at: start, ended_at: end }: TaskStatus): number | null {
  return start === null || end === null ? null : (Date.parse(end) - Date.parse(start)) / 1000;
}

function difference(left: TaskStatus | undefined, right: TaskStatus | undefined): string {
  const [a, b] = [left, right].map(task => (task === undefined ? null : secondsOf(task)));
  if (a == null || b == null) {
    return '';
  }
  return `${b >= a ? '+' : '−'} ${durationText(Math.abs(b - a))}`;
}

function textOf(run: RunSummary): string {
  return `${JSON.stringify({ version: run.version.slice(0, 8), params: run.params }, null, 2)}\n`;
}
