import type { ReactElement } from 'react';

import type { BackfillInfo } from '../../api/schema';
import type { BackfillViewModel } from '../../models/backfillview';
import { progressOf } from '../../models/backfill';
import type { IStudio } from '../../tokens';
import { Button } from '../Glyph';
import { useSignal } from '../hooks';
import { Empty } from '../Notes';
import { StateIcon } from '../StateIcon';
import { stateClass } from '../states';
import { dateText } from '../text';
import { CellFrame, DagPhaseNote } from '../CellFrame';
import { BackfillForm } from './BackfillForm';
import { BackfillProgress } from './BackfillProgress';
import { backfillLook } from './looks';

/** Runs of the past: the form, then how they go. */
export function BackfillView({ model, studio }: { model: BackfillViewModel; studio: IStudio }): ReactElement {
  useSignal(model.changed);
  useSignal(model.dag.changed);
  useSignal(model.backfill?.changed);
  const { dag, backfill } = model;
  const progress = backfill?.progress ?? null;
  const look = backfill?.info == null || progress === null ? null : backfillLook(backfill.info, progress);
  return (
    <CellFrame
      title={dag.dagId}
      what={backfill === null ? 'backfill' : nameOf(backfill.info, dag.dag?.timezone ?? 'UTC')}
      tools={
        backfill !== null && (
          <Button glyph="plus" title="Put together another backfill" onClick={() => model.show(null)}>
            Another
          </Button>
        )
      }
      note={
        look === null ? (
          <DagPhaseNote dag={dag} />
        ) : (
          <span className={`jp-Studio-badge ${stateClass(look.state)}`}>
            <StateIcon state={look.state} />
            {look.label}
          </span>
        )
      }
    >
      {backfill === null && <Active model={model} />}
      <BackfillBody model={model} studio={studio} />
    </CellFrame>
  );
}

/** The backfill that is shown, or the form for another. */
export function BackfillBody({ model, studio }: { model: BackfillViewModel; studio: IStudio }): ReactElement {
  useSignal(model.changed);
  useSignal(model.dag.changed);
  const { dag, backfill, form } = model;
  if (backfill !== null) {
    return (
      <BackfillProgress
        dag={dag}
        model={backfill}
        studio={studio}
        inspection={model.inspection}
        onInspect={(runId, taskId, mapIndex) => model.inspect(runId, taskId, mapIndex)}
      />
    );
  }
  if (dag.spec === null) {
    return <Empty title={dag.phase === 'loading' ? 'Fetching the DAG…' : 'The form appears when the server knows the DAG.'} />;
  }
  return <BackfillForm model={form} studio={studio} onStart={() => void model.start()} />;
}

/** "backfill 2013-01-01 to 2013-01-07" */
export function nameOf(info: BackfillInfo | null, timezone: string): string {
  if (info?.start == null) {
    return 'backfill';
  }
  const [start, end] = [info.start, info.end ?? info.created_at].map(date => dateText(date, timezone));
  return start === end ? `backfill ${start}` : `backfill ${start} to ${end}`;
}

/** Backfills of the DAG that go on already: somebody may have come back for one. */
function Active({ model }: { model: BackfillViewModel }): ReactElement | null {
  if (model.active.length === 0) {
    return null;
  }
  return (
    <div className="jp-Studio-offers" role="status">
      {model.active.map(info => (
        <div key={info.id} className="jp-Studio-offer">
          <StateIcon state={info.state === 'paused' ? 'paused' : 'running'} />
          <span>
            {`A ${nameOf(info, model.dag.dag?.timezone ?? 'UTC')} is ${info.state}: ${info.ended} of ${progressOf(info).total} runs ended.`}
          </span>
          <Button title={`Show backfill ${info.id}`} onClick={() => model.show(info.id, info)}>
            Show
          </Button>
        </div>
      ))}
    </div>
  );
}
