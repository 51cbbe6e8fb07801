import type { ReactElement } from 'react';
import { useState } from 'react';

import type { RunSummary } from '../../api/schema';
import type { DagPageModel } from '../../models/dagpage';
import { keyOf, RunListModel } from '../../models/runlist';
import type { IStudio } from '../../tokens';
import { trans } from '../../trans';
import { useModel, useSignal } from '../hooks';
import { Empty, ErrorNote } from '../Notes';
import { RunActions } from '../runs/RunActions';
import { RunComparison } from '../runs/RunComparison';
import { RunFilters } from '../runs/RunFilters';
import { RunList } from '../runs/RunList';

/** All runs of the DAG: find them, look at them, do something with many of them. */
export function RunsTab({ model, studio }: { model: DagPageModel; studio: IStudio }): ReactElement {
  const { dag } = model;
  const { client } = studio;
  const list = useModel(() => new RunListModel({ ...studio, dagId: dag.dagId }), [studio, dag]);
  useSignal(list?.changed);
  useSignal(dag.changed);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [compared, setCompared] = useState<readonly [RunSummary, RunSummary] | null>(null);
  if (list?.runs == null) {
    return list?.error != null ? (
      <ErrorNote error={list.error} onRetry={() => void list.refresh()} />
    ) : (
      <Empty title={trans.__('Fetching the runs…')} />
    );
  }
  const timezone = dag.dag?.timezone ?? 'UTC';
  const runs = list.runs.filter(run => chosen.has(keyOf(run)));
  return (
    <div className="jp-Studio-runsTab">
      <RunFilters model={list} />
      {list.error !== null && <ErrorNote error={list.error} onRetry={() => void list.refresh()} />}
      {runs.length > 0 && (
        <RunActions
          client={client}
          dagId={dag.dagId}
          runs={runs}
          onCompare={setCompared}
          onDone={() => {
            setChosen(new Set());
            void list.refresh();
          }}
        />
      )}
      {compared !== null && (
        <RunComparison client={client} runs={compared} timezone={timezone} onClose={() => setCompared(null)} />
      )}
      {list.runs.length === 0 ? (
        <Empty title={list.isFiltered ? trans.__('No run is like that.') : trans.__('No runs yet.')}>
          {!list.isFiltered && <p>{trans.__('Trigger one, or fill the past with a backfill.')}</p>}
        </Empty>
      ) : (
        <RunList
          model={list}
          timezone={() => timezone}
          shown={dag.chosen}
          onShow={run => model.go({ tab: 'graph', runId: run.run_id })}
          chosen={chosen}
          onChoose={setChosen}
        />
      )}
    </div>
  );
}
