import type { ReactElement } from 'react';
import { useState } from 'react';

import type { DagModel } from '../models/dag';
import type { FocusModel } from '../models/focus';
import type { ParamsModel } from '../models/params';
import type { IStudio } from '../tokens';
import { trans } from '../trans';
import { CellFrame, DagPhaseNote } from './CellFrame';
import { DagView } from './DagView';
import { useSignal } from './hooks';
import { Empty } from './Notes';
import { TriggerForm } from './TriggerForm';

export interface IParamsViewProps {
  dag: DagModel;
  focus: FocusModel;
  params: ParamsModel;
  studio: IStudio;
}

/** Start a run with typed parameters, and watch it. */
export function ParamsView({ dag, focus, params, studio }: IParamsViewProps): ReactElement {
  useSignal(dag.changed);
  const [started, setStarted] = useState<string | null>(dag.chosen);
  return (
    <CellFrame title={dag.dagId} what={trans.__('start a run')} note={<DagPhaseNote dag={dag} />}>
      {dag.spec === null ? (
        <Empty title={dag.phase === 'loading' ? trans.__('Fetching the DAG…') : trans.__('The form appears when the server knows the DAG.')} />
      ) : (
        <TriggerForm
          dag={dag}
          params={params}
          onStarted={run => {
            dag.show(run.run_id);
            setStarted(run.run_id);
          }}
        />
      )}
      {started !== null && (
        <div className="jp-Studio-inspection" aria-label={trans.__('The run that was started')}>
          <DagView dag={dag} focus={focus} studio={studio} isFlowing />
        </div>
      )}
    </CellFrame>
  );
}
