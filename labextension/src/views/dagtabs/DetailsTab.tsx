import type { ReactElement, ReactNode } from 'react';
import { useState } from 'react';

import type { StudioError } from '../../api/errors';
import { asStudioError } from '../../api/errors';
import type { DagSpec } from '../../api/schema';
import type { DagPageModel } from '../../models/dagpage';
import type { IStudio } from '../../tokens';
import { trans } from '../../trans';
import { Button } from '../Glyph';
import { useFetched, useSignal } from '../hooks';
import { Empty, ErrorNote } from '../Notes';
import { NextRuns } from '../schedule/NextRuns';
import { counted, durationText } from '../text';

const NEXT = 5; // runs

/** What the DAG is: its schedule, its limits, what it needs. */
export function DetailsTab({ model, studio }: { model: DagPageModel; studio: IStudio }): ReactElement {
  const { dag } = model;
  useSignal(dag.changed);
  const { spec, dag: summary } = dag;
  if (spec === null || summary === null) {
    return <Empty title={trans.__('Fetching the DAG…')} />;
  }
  return (
    <div className="jp-Studio-main">
      {summary.description !== '' && <p className="jp-Studio-description">{summary.description}</p>}
      <section aria-label={trans.__('Schedule')}>
        <h3>{trans.__('Schedule')}</h3>
        {spec.schedule == null ? (
          <p>{trans.__('It has none: runs start when somebody triggers them.')}</p>
        ) : (
          <Schedule model={model} studio={studio} />
        )}
      </section>
      <Facts title={trans.__('Runs')} facts={runFacts(spec)} />
      <Facts title={trans.__('Tasks')} facts={taskFacts(spec)} />
      <Facts
        title={trans.__('Definition')}
        facts={[
          [trans.__('Defined in'), spec.origin === undefined || spec.origin === '' ? trans.__('a notebook or program that published it') : spec.origin],
          [trans.__('Version'), summary.version],
          [trans.__('Tags'), summary.tags.join(', ')]
        ]}
      />
      <Removal model={model} studio={studio} />
    </div>
  );
}

function Schedule({ model, studio }: { model: DagPageModel; studio: IStudio }): ReactElement {
  const { dagId, dag: summary } = model.dag;
  const { client } = studio;
  const next = useFetched(
    () => client.call('next_runs', { path: { dag_id: dagId }, query: { count: NEXT } }),
    [client, dagId, summary?.version, summary?.next_run]
  );
  if (next.value === null) {
    return next.error === null ? <p>…</p> : <ErrorNote error={next.error} onRetry={next.again} />;
  }
  return (
    <>
      {summary?.paused === true && <p><b>{trans.__('Paused: no run starts by itself.')}</b></p>}
      <NextRuns preview={next.value} />
    </>
  );
}

type Fact = readonly [string, ReactNode];

function Facts({ title, facts }: { title: string; facts: readonly Fact[] }): ReactElement {
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      <dl className="jp-Studio-factList">
        {facts
          .filter(([, value]) => value !== '' && value !== null)
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
    </section>
  );
}

const catchup = (): Readonly<Record<string, string>> => ({
  all: trans.__('all runs that were missed are made up for'),
  latest: trans.__('of missed runs the latest is made up for'),
  skip: trans.__('missed runs are left out')
});

function runFacts(spec: DagSpec): Fact[] {
  const params = Object.entries(spec.params ?? {}).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  return [
    [trans.__('From'), spec.start_date ?? ''],
    [trans.__('To'), spec.end_date ?? ''],
    [trans.__('Time zone'), spec.timezone ?? 'UTC'],
    [trans.__('After a pause'), catchup()[spec.catchup ?? 'latest'] ?? ''],
    [trans.__('At once'), trans.__('at most %1', counted(spec.max_active_runs ?? 16, 'run'))],
    [trans.__('At most'), spec.run_timeout == null ? '' : durationText(spec.run_timeout)],
    [trans.__('Pauses'), spec.pause_after_failures == null ? '' : trans.__('after %1 in a row', counted(spec.pause_after_failures, 'failed run'))],
    [trans.__('When a task fails'), spec.fail_fast === true ? trans.__('the run is ended') : ''],
    [trans.__('Parameters'), params.join(', ')]
  ];
}

function taskFacts(spec: DagSpec): Fact[] {
  const kinds = new Map<string, number>();
  const pools = new Set<string>();
  for (const task of spec.tasks) {
    kinds.set(task.kind, (kinds.get(task.kind) ?? 0) + 1);
    if (task.pool !== undefined) {
      pools.add(task.pool);
    }
  }
  const outlets = spec.tasks.flatMap(task => (task.outlets ?? []).map(asset => asset.name));
  return [
    [trans.__('Kinds'), [...kinds].map(([kind, count]) => `${count} ${kind}`).join(', ')],
    [trans.__('At once'), trans.__('at most %1 of a run', counted(spec.max_active_tasks ?? 16, 'task'))],
    [trans.__('Pools'), [...pools].join(', ')],
    [trans.__('Makes'), [...new Set(outlets)].join(', ')]
  ];
}

/** What cannot be undone is said before it is done. */
function Removal({ model, studio }: { model: DagPageModel; studio: IStudio }): ReactElement {
  const { dagId } = model.dag;
  const [isAsking, setAsking] = useState(false);
  const [error, setError] = useState<StudioError | null>(null);
  const remove = (): void => {
    studio.client
      .call('delete_dag', { path: { dag_id: dagId } })
      .catch((reason: unknown) => setError(asStudioError(reason)));
  };
  return (
    <section aria-label={trans.__('Delete')}>
      <h3>{trans.__('Delete')}</h3>
      {!isAsking ? (
        <Button title={trans.__('Delete %1…', dagId)} onClick={() => setAsking(true)}>
          {trans.__('Delete the DAG…')}
        </Button>
      ) : (
        <div className="jp-Studio-form" role="group" aria-label={trans.__('Delete %1', dagId)}>
          <p>
            {trans.__(
          'Delete “%1” with all its runs, their outputs and values? This cannot be undone. A file of the DAG folder that defines it brings the DAG back, without its history.',
          dagId
        )}
          </p>
          <div className="jp-Studio-actions">
            <Button title={trans.__('Delete %1 with its history', dagId)} onClick={remove}>
              {trans.__('Delete for good')}
            </Button>
            <Button title={trans.__('Leave all as it is')} onClick={() => setAsking(false)}>
              {trans.__('Leave')}
            </Button>
          </div>
        </div>
      )}
      {error !== null && <ErrorNote error={error} />}
    </section>
  );
}
