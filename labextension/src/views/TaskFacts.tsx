import type { ReactElement, ReactNode } from 'react';

import type { AttemptInfo, TaskStatus } from '../api/schema';
import type { IHost } from '../host';
import type { IGraphNode } from '../models/dag';
import type { TaskModel } from '../models/task';
import { trans } from '../trans';
import { TabLink } from './TabLinks';
import { Elapsed, Moment, Relative } from './Times';

interface IFactsProps {
  node: IGraphNode;
  status: TaskStatus | null;
  attempt: AttemptInfo | null;
  children?: ReactNode;
}

/** What it is, and how it goes, in short. */
export function Facts({ node, status, attempt, children }: IFactsProps): ReactElement {
  const start = attempt?.started_at ?? status?.started_at ?? null;
  const end = attempt === null ? (status?.ended_at ?? null) : attempt.ended_at;
  return (
    <dl className="jp-Studio-facts">
      <Fact name={node.label === node.kind ? trans.__('kind') : node.kind}>{node.label || node.id}</Fact>
      {status !== null && status.try_number > 0 && (
        <Fact name={trans.__('try')}>{trans.__('%1 of %2', attempt?.try_number ?? status.try_number, status.max_tries)}</Fact>
      )}
      {start !== null && (
        <>
          <Fact name={trans.__('started')}>
            <Moment time={start} />
          </Fact>
          <Fact name={trans.__('duration')}>
            <Elapsed start={start} end={end} />
          </Fact>
        </>
      )}
      {node.reads !== undefined && node.reads.length > 0 && (
        <Fact name={trans.__('reads')}>{node.reads.map(({ name, by }) => (by === '' ? name : `${name} (${by})`)).join(', ')}</Fact>
      )}
      {node.gives !== undefined && node.gives.length > 0 && <Fact name={trans.__('gives')}>{node.gives.join(', ')}</Fact>}
      {status?.state === 'up_for_retry' && status.retry_at !== null && (
        <Fact name={trans.__('next try')}>
          <Relative time={status.retry_at} />
        </Fact>
      )}
      {children}
    </dl>
  );
}

interface ILinksProps {
  task: TaskModel;
  attempt: AttemptInfo | null;
  host: IHost;
}

/** Other runs that this one has to do with: whose result counts for it, and which it has triggered. */
export function Links({ task, attempt, host }: ILinksProps): ReactElement {
  const cached = cachedRun(attempt);
  const made = task.detail?.triggered_run ?? null;
  const { dagId, taskId } = task.ref;
  return (
    <>
      {cached !== null && (
        <Fact name={trans.__('cached')}>
          <TabLink host={host} title={trans.__('Open the run whose result counts')} to={{ dagId, runId: cached, taskId }}>
            {cached}
          </TabLink>
        </Fact>
      )}
      {made !== null && (
        <Fact name={trans.__('triggered')}>
          <TabLink host={host} title={trans.__('Open the run')} to={{ dagId: made.dag_id, runId: made.run_id }}>
            {`${made.dag_id} / ${made.run_id}`}
          </TabLink>
        </Fact>
      )}
    </>
  );
}

/** The run that a result from the cache is of. */
function cachedRun(attempt: AttemptInfo | null): string | null {
  const cache = attempt?.details['cache'];
  const run = typeof cache === 'object' && cache !== null ? (cache as Record<string, unknown>)['run_id'] : null;
  return typeof run === 'string' ? run : null;
}

function Fact({ name, children }: { name: string; children: ReactNode }): ReactElement {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
