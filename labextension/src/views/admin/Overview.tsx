import type { ReactElement, ReactNode } from 'react';

import type { DagSummary, RunPage, RunSummary } from '../../api/schema';
import { DagListModel } from '../../models/daglist';
import { OverviewModel } from '../../models/overview';
import type { IStudio } from '../../tokens';
import { trans } from '../../trans';
import { useFetched, useModel, useSignal } from '../hooks';
import { MiddleCut } from '../MiddleCut';
import { Empty, ErrorNote } from '../Notes';
import { Words } from '../Words';
import { StateIcon } from '../StateIcon';
import { LOOKS } from '../states';
import { TabLink } from '../TabLinks';
import { counted, runName } from '../text';
import { Elapsed, Relative } from '../Times';

const MOST = 12; // entries of a list
const SOON = 24 * 3600 * 1000; // milliseconds

/** What goes on, what went wrong, what comes next, and who waits. */
export function Overview({ studio }: { studio: IStudio }): ReactElement {
  const list = useModel(() => new DagListModel(studio), [studio]);
  const overview = useModel(() => new OverviewModel(studio), [studio]);
  useSignal(list?.changed);
  useSignal(overview?.changed);
  const dags = list?.dags ?? null;
  if (list === null || dags === null) {
    return list?.error != null ? (
      <ErrorNote error={list.error} onRetry={() => void list.refresh()} />
    ) : (
      <Empty title={trans.__('Fetching the DAGs…')} />
    );
  }
  const known = new Map(dags.map(dag => [dag.dag_id, dag]));
  const runs = (page: RunPage | null | undefined): { dag: DagSummary; run: RunSummary }[] =>
    (page?.runs ?? []).flatMap(run => {
      const dag = known.get(run.dag_id);
      return dag === undefined ? [] : [{ dag, run }];
    });
  const [active, failed] = [runs(overview?.active), runs(overview?.failed)];
  // Of more than a page it is only known that there are more.
  const count = `${active.length}${overview?.active?.next == null ? '' : '+'}`;
  const soon = dags
    .filter(dag => !dag.paused && dag.next_run !== null && Date.parse(dag.next_run) - Date.now() < SOON)
    .sort((a, b) => (a.next_run ?? '').localeCompare(b.next_run ?? ''));
  return (
    <div className="jp-Studio-main">
      <h2>{trans.__('Overview')}</h2>
      {list.error !== null && <ErrorNote error={list.error} onRetry={() => void list.refresh()} />}
      {overview?.error != null && <ErrorNote error={overview.error} onRetry={() => void overview.refresh()} />}
      <Health studio={studio} dags={dags} broken={list.brokenFiles.length} running={active.length} />
      {dags.length === 0 && (
        <Empty title={trans.__('No DAGs yet.')}>
          <p>
            <Words text={trans.__('Publish one with `dag.publish()`, or put a file that defines one into the DAG folder.')} />
          </p>
        </Empty>
      )}
      <div className="jp-Studio-cards">
        <Card title={trans.__('Running now (%1)', count)} none={trans.__('Nothing runs.')}>
          {active.slice(0, MOST).map(each => (
            <RunLine key={`${each.dag.dag_id}/${each.run.run_id}`} {...each} studio={studio} />
          ))}
        </Card>
        <Card title={trans.__('Failed last')} none={trans.__('None of the last runs failed.')}>
          {failed.map(each => (
            <RunLine key={`${each.dag.dag_id}/${each.run.run_id}`} {...each} studio={studio} />
          ))}
        </Card>
        <Card title={trans.__('Next 24 hours')} none={trans.__('No run is due in the next 24 hours.')}>
          {soon.slice(0, MOST).map(dag => (
            <li key={dag.dag_id}>
              <TabLink host={studio.host} title={trans.__('Open %1', dag.dag_id)} to={{ dagId: dag.dag_id }}>
                <MiddleCut text={dag.dag_id} />
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
      <Tile name={trans.__('Server')}>
        {server.error !== null ? server.error.message : info === null ? '…' : info.scheduling ? trans.__('scheduling') : trans.__('stands by: another server schedules')}
      </Tile>
      <Tile name={trans.__('Up since')}>{info === null ? '…' : <Relative time={info.started_at} />}</Tile>
      <Tile name={trans.__('Tasks')}>{info === null ? '…' : trans.__('%1 of %2', info.running, counted(info.slots, 'slot'))}</Tile>
      <Tile name={trans.__('DAGs')}>{trans.__('%1, %2 paused', dags.length, dags.filter(dag => dag.paused).length)}</Tile>
      <Tile name={trans.__('Files with faults')} isBad={broken > 0}>
        {String(broken)}
      </Tile>
      <Tile name={trans.__('Wait for a person')}>
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
      <Tile name={trans.__('Database')} isWide>
        {info?.database ?? '…'}
      </Tile>
      <Tile name={trans.__('Version')}>{info?.version ?? '…'}</Tile>
    </dl>
  );
}

interface ITileProps {
  name: string;
  isBad?: boolean;
  /** What is in it may be long. */
  isWide?: boolean;
  children: ReactNode;
}

function Tile({ name, isBad = false, isWide = false, children }: ITileProps): ReactElement {
  return (
    <div className={`jp-Studio-tile${isBad ? ' jp-mod-bad' : ''}${isWide ? ' jp-mod-wide' : ''}`}>
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
  const state = run.cancelling ? 'stopping' : run.state;
  return (
    <li>
      <StateIcon state={state} title={LOOKS[state].label} />
      <TabLink host={studio.host} title={trans.__('Open %1 of %2', run.run_id, run.dag_id)} to={{ dagId: run.dag_id, runId: run.run_id }}>
        <MiddleCut text={run.dag_id} />
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
