import type { ReactElement } from 'react';

import type { Uses as Found } from '../../api/schema';
import type { IHost } from '../../host';
import { trans } from '../../trans';
import { useFetched } from '../hooks';
import { ErrorNote } from '../Notes';
import { TabLink } from '../TabLinks';

const MOST = 20; // DAGs that are listed
const MOST_TASKS = 5; // of each

/** Which tasks use something that DAGs share, before it is deleted. */
export function Uses({ host, find }: { host: IHost; find: () => Promise<Found> }): ReactElement {
  const { value, error, again } = useFetched(find, []);
  if (error !== null) {
    return <ErrorNote error={error} onRetry={again} />;
  }
  if (value === null) {
    return <p className="jp-Studio-muted">{trans.__('Looking for who uses it…')}</p>;
  }
  const { dags } = value;
  const tasks = dags.reduce((sum, use) => sum + use.tasks.length, 0);
  return (
    <>
      <p role="status">
        {tasks === 0
          ? trans.__('No task of a published DAG uses it.')
          : trans._n('%1 task uses it:', '%1 tasks use it:', tasks)}
      </p>
      {dags.length > 0 && (
        <ul className="jp-Studio-plainList" aria-label={trans.__('Used by')}>
          {dags.slice(0, MOST).map(use => (
            <li key={use.dag_id}>
              <TabLink host={host} title={trans.__('Open %1', use.dag_id)} to={{ dagId: use.dag_id, taskId: use.tasks[0] ?? null }}>
                {use.dag_id}
              </TabLink>{' '}
              {use.paused && <span className="jp-Studio-muted">{`${trans.__('(paused)')} `}</span>}
              <span className="jp-Studio-muted">{listed(use.tasks)}</span>
            </li>
          ))}
          {dags.length > MOST && <li>{trans._n('and %1 other DAG', 'and %1 other DAGs', dags.length - MOST)}</li>}
        </ul>
      )}
      <p className="jp-Studio-muted">
        {trans.__('So say the current versions of the DAGs. Programs that ask the server themselves are not known, nor are runs of earlier versions.')}
      </p>
    </>
  );
}

function listed(tasks: readonly string[]): string {
  const named = tasks.slice(0, MOST_TASKS).join(', ');
  return tasks.length > MOST_TASKS ? trans.__('%1 and %2 more', named, tasks.length - MOST_TASKS) : named;
}
