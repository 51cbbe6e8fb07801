import type { ReactElement } from 'react';

import type { IStudio } from '../../tokens';
import { DagListModel } from '../../models/daglist';
import { trans } from '../../trans';
import { useFetched, useModel, useSignal } from '../hooks';
import { Empty, ErrorNote } from '../Notes';
import { TabLink } from '../TabLinks';
import { Question } from '../task/ApprovalForm';
import { Relative } from '../Times';

/** Everything that waits for a person, and the answers. */
export function Approvals({ studio }: { studio: IStudio }): ReactElement {
  const { client, host } = studio;
  // A question comes and goes with the state of its run, which the list of DAGs tells.
  const dags = useModel(() => new DagListModel(studio), [studio]);
  useSignal(dags?.changed);
  const beat = dags?.dags?.map(dag => dag.runs.map(run => run.counts['awaiting_input'] ?? 0).join()).join();
  const asked = useFetched(() => client.call('list_approvals', { path: {} }), [client, beat]);
  const approvals = asked.value?.approvals ?? null;
  return (
    <div className="jp-Studio-main">
      <h2>{trans.__('Approvals')}</h2>
      {asked.error !== null && <ErrorNote error={asked.error} onRetry={asked.again} />}
      {approvals === null ? (
        asked.error === null && <Empty title={trans.__('Fetching…')} />
      ) : approvals.length === 0 ? (
        <Empty title={trans.__('Nothing waits for a person.')}>
          <p>{trans.__('A task of the kind approval asks here before its run goes on.')}</p>
        </Empty>
      ) : (
        approvals.map(approval => (
          <section key={`${approval.run_id}/${approval.task.task_id}/${approval.task.map_index}`} className="jp-Studio-box">
            <p className="jp-Studio-muted">
              <TabLink
                host={host}
                title={trans.__('Open the run')}
                to={{ dagId: approval.dag_id, runId: approval.run_id, taskId: approval.task.task_id }}
              >
                {`${approval.dag_id} / ${approval.task.task_id}`}
              </TabLink>{' '}
              {approval.task.waiting_since !== null && <Relative time={approval.task.waiting_since} />}
            </p>
            <Question client={client} approval={approval} onAnswered={asked.again} />
          </section>
        ))
      )}
    </div>
  );
}
