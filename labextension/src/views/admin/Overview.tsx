import type { ReactElement, ReactNode } from 'react';

import type { DagSummary, RunSummary } from '../../api/schema';
import { DagListModel } from '../../models/daglist';
import { byNewest } from '../../models/order';
import type { IStudio } from '../../tokens';
import { useFetched, useModel, useSignal } from '../hooks';
import { Empty, ErrorNote } from '../Notes';
import { StateBadge } from '../StateIcon';
import { TabLink } from '../TabLinks';
import { counted, runName } from '../text';
import { Elapsed, Relative } from '../Times';

const MOST = 12; // entries of a list
const SOON = 24 * 3600 * 1000; // milliseconds

/** What goes on, what went wrong, what comes next, and who waits. */
export function Overview({ studio }: { studio: IStudio }): ReactElement {
  const list = useModel(() => new DagListModel(studio), [studio]);
  useSignal(list?.changed);
  const dags = list?.dags ?? null;
  if (list === null || dags === null) {
    return list?.error != null ? (
      <ErrorNote error={list.error} onRetry={() => void list.refresh()} />
    ) : (
      <Empty title="Fetching the DAGs…" />
    );
  }
  const runs = dags.flatMap(dag => dag.runs.map(run => ({ dag, run })));
  const active = runs.filter(({ run }) => run.state === 'running' || run.state === 'queued');
  const failed = runs.filter(({ run }) => run.state === 'failed');
  const newest = (found: typeof runs): typeof runs => [...found].sort((a, b) => byNewest(a.run, b.run)).slice(0, MOST);
  const soon = dags
    .filter(dag => !dag.paused && dag.next_run !== null && Date.parse(dag.next_run) - Date.now() < SOON)
    .sort((a, b) => (a.next_run ?? '').localeCompare(b.next_run ?? ''));
  return (
    <div className="jp-Studio-main">
      <h2>Overview</h2>
      {list.error !== null && <ErrorNote error={list.error} onRetry={() => void list.refresh()} />}
      <Health studio={studio} dags={dags} broken={list.brokenFiles.length} running={active.length} />
      <div className="jp-Studio-cards">
        <Card title={`Running now (${active.length})`} none="Nothing runs.">
          {newest(active).map(each => (
            <RunLine key={`${each.dag.dag_id}/${each.run.run_id}`} {...each} studio={studio} />
          ))}
        </Card>
        <Card title="Failed last" none="None of the last runs failed.">
          {newest(failed).map(each => (
            <RunLine key={`${each.dag.dag_id}/${each.run.run_id}`} {...each} studio={studio} />
          ))}
        </Card>
        <Card title="Next 24 hours" none="No run is due in the next 24 hours.">
          {soon.slice(0, MOST).map(dag => (
            <li key={dag.dag_id}>
              <TabLink host={studio.host} title={`Open ${dag.dag_id}`} to={{ dagId: dag.dag_id }}>
                {dag.dag_id}
              </TabLink>
              <span className="jp-Studio-space" />
              <span className="jp-Studio-muted">{dag.next_run !== null && <Relative time={dag.next_run} />}</span>
            </li>
          ))}
        </Card>
      </div>
    </div>
  );
}

interface IHealthProps {
  studio: IStudio;
  dags: readonly DagSummary[];
  broken: number;
  running: number;
}

function Health({ studio, dags, broken, running }: IHealthProps): ReactElement {
  const { client } = studio;
  const server = useFetched(() => client.call('server_info', { path: {} }), [client, running]);
  const approvals = useFetched(() => client.call('list_approvals', { path: {} }), [client, running]);
  const waiting = approvals.value?.approvals.length ?? null;
  const info = server.value;
  return (
    <dl className="jp-Studio-tiles">
      <Tile name="Server">
        {server.error !== null ? server.error.message : info === null ? '…' : info.scheduling ? 'scheduling' : 'stands by: another server schedules'}
      </Tile>
      <Tile name="Up since">{info === null ? '…' : <Relative time={info.started_at} />}</Tile>
      <Tile name="Tasks">{info === null ? '…' : `${info.running} of ${counted(info.slots, 'slot')}`}</Tile>
      <Tile name="DAGs">{`${dags.length}, ${dags.filter(dag => dag.paused).length} paused`}</Tile>
      <Tile name="Files with faults" isBad={broken > 0}>
        {String(broken)}
      </Tile>
      <Tile name="Wait for a person">
        {approvals.error !== null ? (
          approvals.error.message
        ) : waiting === null ? (
          '…'
        ) : waiting === 0 ? (
          '0'
        ) : (
          <a href="#/approvals">{counted(waiting, 'task')}</a>
        )}
      </Tile>
      <Tile name="Database">{info?.database ?? '…'}</Tile>
      <Tile name="Version">{info?.version ?? '…'}</Tile>
    </dl>
  );
}

function Tile({ name, isBad = false, children }: { name: string; isBad?: boolean; children: ReactNode }): ReactElement {
  return (
    <div className={`jp-Studio-tile${isBad ? ' jp-mod-bad' : ''}`}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Card({ title, none, children }: { title: string; none: string; children: readonly ReactNode[] }): ReactElement {
  return (
    <section className="jp-Studio-box" aria-label={title}>
      <h3>{title}</h3>
      {children.length === 0 ? <p className="jp-Studio-muted">{none}</p> : <ul>{children}</ul>}
    </section>
  );
}

function RunLine({ dag, run, studio }: { dag: DagSummary; run: RunSummary; studio: IStudio }): ReactElement {
  return (
    <li>
      <StateBadge state={run.cancelling ? 'stopping' : run.state} />
      <TabLink host={studio.host} title={`Open ${run.run_id}`} to={{ dagId: run.dag_id, runId: run.run_id }}>
        {run.dag_id}
      </TabLink>
      <span className="jp-Studio-muted">{runName(run, dag.timezone)}</span>
      <span className="jp-Studio-space" />
      <span className="jp-Studio-muted">
        {run.ended_at !== null ? (
          <Relative time={run.ended_at} />
        ) : (
          run.started_at !== null && <Elapsed start={run.started_at} end={null} />
        )}
      </span>
    </li>
  );
}
