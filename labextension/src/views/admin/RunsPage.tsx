import type { ReactElement } from 'react';

import { DagListModel } from '../../models/daglist';
import { RunListModel } from '../../models/runlist';
import type { IStudio } from '../../tokens';
import { trans } from '../../trans';
import { useModel, useSignal } from '../hooks';
import { Empty, ErrorNote } from '../Notes';
import { RunFilters } from '../runs/RunFilters';
import { RunList } from '../runs/RunList';

/** The runs of all DAGs. */
export function RunsPage({ studio }: { studio: IStudio }): ReactElement {
  const list = useModel(() => new RunListModel({ ...studio, dagId: null }), [studio]);
  // A run is called after its date on the wall clock of its DAG.
  const dags = useModel(() => new DagListModel(studio), [studio]);
  useSignal(list?.changed);
  useSignal(dags?.changed);
  const zones = new Map(dags?.dags?.map(dag => [dag.dag_id, dag.timezone]));
  if (list?.runs == null) {
    return list?.error != null ? (
      <ErrorNote error={list.error} onRetry={() => void list.refresh()} />
    ) : (
      <Empty title={trans.__('Fetching the runs…')} />
    );
  }
  return (
    <div className="jp-Studio-runsTab">
      <h2>{trans.__('Runs')}</h2>
      <RunFilters model={list} />
      {list.error !== null && <ErrorNote error={list.error} onRetry={() => void list.refresh()} />}
      {list.runs.length === 0 ? (
        <Empty title={list.isFiltered ? trans.__('No run is like that.') : trans.__('No runs yet.')}>
          {!list.isFiltered && <p>{trans.__('They appear here when a schedule is due, or somebody triggers a DAG.')}</p>}
        </Empty>
      ) : (
        <RunList
          model={list}
          timezone={run => zones.get(run.dag_id) ?? 'UTC'}
          shown={null}
          onShow={run => void studio.host.openPlace({ dagId: run.dag_id, runId: run.run_id })}
          chosen={null}
        />
      )}
    </div>
  );
}
