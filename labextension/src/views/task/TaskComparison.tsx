import type { ReactElement, ReactNode } from 'react';
import { useState } from 'react';

import type { IStudioClient } from '../../api/client';
import type { RunSummary, ValueInfo } from '../../api/schema';
import type { ITaskRef } from '../../host';
import type { IDiffLine } from '../../models/codediff';
import type { DagModel } from '../../models/dag';
import type { ICellTimes, ITaskSide, IValuePair } from '../../models/taskcomparison';
import { comparable, compared, fetchSide, tookOf } from '../../models/taskcomparison';
import { trans } from '../../trans';
import { Diff } from '../Diff';
import { useFetched, useSignal } from '../hooks';
import { Empty, ErrorNote } from '../Notes';
import { StateBadge } from '../StateIcon';
import { LOOKS } from '../states';
import { durationText, runName, sizeText } from '../text';

export interface ITaskComparisonProps {
  client: IStudioClient;
  dag: DagModel;
  run: RunSummary;
  task: ITaskRef;
}

/** The task beside the same task of another run: what it was told, what ran, how long it took, what came of it. */
export function TaskComparison({ client, dag, run, task }: ITaskComparisonProps): ReactElement {
  useSignal(dag.changed);
  const timezone = dag.dag?.timezone ?? 'UTC';
  const [chosen, setChosen] = useState(() => comparable(dag.runs, run, task.taskId)?.run_id ?? null);
  const others = dag.runs.filter(({ run_id }) => run_id !== run.run_id);
  const other = others.find(({ run_id }) => run_id === chosen) ?? null;
  return (
    <section className="jp-Studio-panelBody" aria-label={trans.__('This task in another run')}>
      {others.length > 0 && (
        <label className="jp-Studio-picker">
          {trans.__('Compare with run')}
          <select value={other?.run_id ?? ''} onChange={event => setChosen(event.target.value)}>
            {other === null && <option value="">{trans.__('choose one')}</option>}
            {others.map(one => (
              <option key={one.run_id} value={one.run_id}>
                {`${LOOKS[one.state].glyph}  ${runName(one, timezone)}`}
              </option>
            ))}
          </select>
        </label>
      )}
      {others.length === 0 ? (
        <p className="jp-Studio-muted">{trans.__('There is no other run to compare with.')}</p>
      ) : (
        other !== null && (
          <Both key={other.run_id} client={client} runs={inOrder(run, other)} task={task} timezone={timezone} />
        )
      )}
    </section>
  );
}

/** The older one at the left, whichever is looked at. */
function inOrder(one: RunSummary, other: RunSummary): readonly [RunSummary, RunSummary] {
  return one.run_after <= other.run_after ? [one, other] : [other, one];
}

interface IBothProps {
  client: IStudioClient;
  runs: readonly [RunSummary, RunSummary];
  task: ITaskRef;
  timezone: string;
}

function Both({ client, runs, task, timezone }: IBothProps): ReactElement {
  const [old, now] = runs;
  const names = [runName(old, timezone), runName(now, timezone)] as const;
  const both = useFetched(
    () => Promise.all([fetchSide(client, old, task), fetchSide(client, now, task)]),
    [client, old.run_id, old.rev, now.run_id, now.rev, task.taskId, task.mapIndex]
  );
  if (both.value === null) {
    return both.error === null ? (
      <Empty title={trans.__('Fetching both runs…')} />
    ) : (
      <ErrorNote error={both.error} onRetry={both.again} />
    );
  }
  const [before, after] = both.value;
  const found = compared(before, after);
  return (
    <>
      <Table names={names}>
        <tr>
          <th scope="row">{trans.__('State')}</th>
          {[before, after].map(({ run, task: { state } }) => (
            <td key={run.run_id}>
              <StateBadge state={state} />
            </td>
          ))}
          <td />
        </tr>
        <Seconds title={trans.__('Took')} before={tookOf(before)} after={tookOf(after)} />
        <tr>
          <th scope="row">{trans.__('Tries')}</th>
          {[before, after].map(({ run, task: { try_number } }) => (
            <td key={run.run_id} className="jp-mod-number">
              {try_number}
            </td>
          ))}
          <td />
        </tr>
      </Table>
      <Part title={trans.__('What it was told')} lines={found.given} same={trans.__('Same version, same params, same arguments.')} />
      {hasCells(before, after) && (
        <>
          <Part title={trans.__('Source')} lines={found.source} same={trans.__('The same code ran.')} />
          <Part title={trans.__('Outputs')} lines={found.outputs} same={trans.__('The same text came out.')} />
          <CellTimes cells={found.cells} names={names} />
        </>
      )}
      <Values pairs={found.values} names={names} />
    </>
  );
}

function hasCells(...sides: readonly ITaskSide[]): boolean {
  return sides.some(({ cells }) => cells.length > 0);
}

function Part({ title, lines, same }: { title: string; lines: readonly IDiffLine[]; same: string }): ReactElement {
  return (
    <section>
      <h4>{title}</h4>
      {lines.length === 0 ? <p className="jp-Studio-muted">{same}</p> : <Diff lines={lines} label={title} />}
    </section>
  );
}

function CellTimes({ cells, names }: { cells: readonly ICellTimes[]; names: readonly [string, string] }): ReactElement {
  return (
    <section>
      <h4>{trans.__('Time of each cell')}</h4>
      <Table names={names}>
        {cells.map(({ title, before, after }, index) => (
          <Seconds key={index} title={`${index + 1}  ${title}`} before={before} after={after} isCode />
        ))}
      </Table>
    </section>
  );
}

function Values({ pairs, names }: { pairs: readonly IValuePair[]; names: readonly [string, string] }): ReactElement | null {
  if (pairs.length === 0) {
    return null;
  }
  return (
    <section>
      <h4>{trans.__('Values')}</h4>
      <Table names={names}>
        {pairs.map(({ name, before, after, isSame }) => (
          <tr key={name} className={isSame === false ? 'jp-mod-differs' : ''}>
            <th scope="row">{name}</th>
            <td>{valueText(before)}</td>
            <td>{valueText(after)}</td>
            <td>{isSame === null ? trans.__('not known') : isSame ? trans.__('same') : trans.__('differs')}</td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

function valueText(value: ValueInfo | null): string {
  return value === null ? trans.__('not there') : `${value.type}, ${sizeText(value.size)}`;
}

function Table({ names, children }: { names: readonly [string, string]; children: ReactNode }): ReactElement {
  return (
    <div className="jp-Studio-tableFrame">
      <table className="jp-Studio-runTable">
        <thead>
          <tr>
            <td />
            {names.map((name, index) => (
              <th scope="col" key={index}>
                {name}
              </th>
            ))}
            <th scope="col">{trans.__('Difference')}</th>
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

function Seconds(props: { title: string; before: number | null; after: number | null; isCode?: boolean }): ReactElement {
  const { title, before, after, isCode } = props;
  const difference = before === null || after === null ? null : after - before;
  return (
    <tr>
      <th scope="row" className={isCode === true ? 'jp-Studio-json' : ''} title={title}>
        {title}
      </th>
      <td className="jp-mod-number">{before === null ? '' : durationText(before)}</td>
      <td className="jp-mod-number">{after === null ? '' : durationText(after)}</td>
      <td className="jp-mod-number">
        {difference !== null && `${difference >= 0 ? '+' : '−'} ${durationText(Math.abs(difference))}`}
      </td>
    </tr>
  );
}
