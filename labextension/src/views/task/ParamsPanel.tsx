import type { ReactElement, ReactNode } from 'react';

import type { IStudioClient } from '../../api/client';
import type { AttemptInfo, RunSummary, TaskSpec } from '../../api/schema';
import { recordOf } from '../../models/checked';
import { trans } from '../../trans';
import { useFetched } from '../hooks';
import { Empty, ErrorNote } from '../Notes';

export interface IParamsPanelProps {
  client: IStudioClient;
  run: RunSummary;
  taskId: string;
  attempt: AttemptInfo | null;
}

/** What the task was told: as it is written in the DAG, and what became of it in this try. */
export function ParamsPanel({ client, run, taskId, attempt }: IParamsPanelProps): ReactElement {
  const path = { dag_id: run.dag_id, version: run.version };
  const version = useFetched(() => client.call('get_version', { path }), [client, run.dag_id, run.version]);
  if (version.value === null) {
    return version.error === null ? (
      <Empty title={trans.__('Fetching what the task is given…')} />
    ) : (
      <ErrorNote error={version.error} onRetry={version.again} />
    );
  }
  const spec = version.value.spec.tasks.find(task => task.id === taskId);
  const written = writtenIn(spec);
  const rendered = recordOf(attempt?.details['rendered']);
  const names = [...new Set([...Object.keys(written), ...Object.keys(rendered)])];
  const params = { ...version.value.spec.params, ...spec?.params, ...run.params };
  return (
    <div className="jp-Studio-panelBody">
      <section aria-label={trans.__('Arguments')}>
        <h4>{trans.__('What it is given')}</h4>
        {names.length === 0 ? (
          <p className="jp-Studio-muted">{trans.__('It takes no arguments.')}</p>
        ) : (
          <div className="jp-Studio-tableFrame">
            <table className="jp-Studio-runTable">
              <thead>
                <tr>
                  <th scope="col">{trans.__('Name')}</th>
                  <th scope="col">{trans.__('Written in the DAG')}</th>
                  <th scope="col">{attempt === null ? trans.__('In a try') : trans.__('In try %1', attempt.try_number)}</th>
                </tr>
              </thead>
              <tbody>
                {names.map(name => (
                  <tr key={name}>
                    <th scope="row">{name}</th>
                    <td>{name in written ? <Json value={written[name]} /> : <Muted>{trans.__('not written')}</Muted>}</td>
                    <td>{name in rendered ? <Json value={rendered[name]} /> : <Muted>{trans.__('not known')}</Muted>}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </section>
      <Pairs title={trans.__('Params of the run')} pairs={params} none={trans.__('The DAG has no params.')} given={run.params} />
      {(spec?.connections ?? []).length > 0 && (
        <section aria-label={trans.__('Connections')}>
          <h4>{trans.__('Connections')}</h4>
          <p>{(spec?.connections ?? []).join(', ')}</p>
        </section>
      )}
      <Pairs title={trans.__('Where it runs')} pairs={placesOf(run, spec)} none="" />
    </div>
  );
}

function Pairs(props: {
  title: string;
  pairs: Readonly<Record<string, unknown>>;
  none: string;
  /** Those that this run was given; the others are defaults. */
  given?: Readonly<Record<string, unknown>>;
}): ReactElement {
  const { title, pairs, none, given } = props;
  const entries = Object.entries(pairs).filter(([, value]) => value !== undefined && value !== null);
  return (
    <section aria-label={title}>
      <h4>{title}</h4>
      {entries.length === 0 ? (
        <p className="jp-Studio-muted">{none}</p>
      ) : (
        <dl className="jp-Studio-factList">
          {entries.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                {typeof value === 'string' && given === undefined ? value : <Json value={value} />}
                {given !== undefined && !(name in given) && <Muted> {trans.__('by default')}</Muted>}
              </dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}

function Json({ value }: { value: unknown }): ReactElement {
  return <code className="jp-Studio-json">{JSON.stringify(value, null, 1)}</code>;
}

function Muted({ children }: { children: ReactNode }): ReactElement {
  return <span className="jp-Studio-muted">{children}</span>;
}

/** What stands in the DAG for the arguments of a task of any kind. */
function writtenIn(spec: TaskSpec | undefined): Readonly<Record<string, unknown>> {
  const config = recordOf(spec?.config);
  return 'parameters' in config ? recordOf(config['parameters']) : recordOf(config['args']);
}

function placesOf(run: RunSummary, spec: TaskSpec | undefined): Readonly<Record<string, unknown>> {
  const config = recordOf(spec?.config);
  return {
    [trans.__('data from')]: run.interval_start ?? undefined,
    [trans.__('data to')]: run.interval_end ?? undefined,
    [trans.__('notebook')]: config['path'],
    [trans.__('source')]: config['source'],
    [trans.__('pool')]: spec?.pool,
    [trans.__('timeout')]: spec?.timeout == null ? undefined : `${spec.timeout} s`,
    [trans.__('retries')]: spec?.retries === undefined || spec.retries === 0 ? undefined : String(spec.retries)
  };
}
