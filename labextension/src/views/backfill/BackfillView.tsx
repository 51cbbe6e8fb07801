import type { ReactElement } from 'react';

import type { BackfillInfo } from '../../api/schema';
import type { BackfillViewModel } from '../../models/backfillview';
import { progressOf } from '../../models/backfill';
import type { IStudio } from '../../tokens';
import { trans } from '../../trans';
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
      what={backfill === null ? trans.__('backfill') : nameOf(backfill.info, dag.dag?.timezone ?? 'UTC')}
      tools={
        backfill !== null && (
          <Button glyph="plus" title={trans.__('Put together another backfill')} onClick={() => model.show(null)}>
            {trans.__('Another')}
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
    return <Empty title={dag.phase === 'loading' ? trans.__('Fetching the DAG…') : trans.__('The form appears when the server knows the DAG.')} />;
  }
  return <BackfillForm model={form} studio={studio} onStart={() => void model.start()} />;
}

/** "backfill 2013-01-01 to 2013-01-07" */
export function nameOf(info: BackfillInfo | null, timezone: string): string {
  if (info?.start == null) {
    return trans.__('backfill');
  }
  return trans.__('backfill %1', datesOf(info, timezone));
}

/** "2013-01-01 to 2013-01-07" */
export function datesOf(info: BackfillInfo, timezone: string): string {
  if (info.start === null) {
    return trans.__('without dates');
  }
  const [start, end] = [info.start, info.end ?? info.created_at].map(date => dateText(date, timezone));
  return start === end ? (start ?? '') : trans.__('%1 to %2', start, end);
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
            {trans.__('A %1 is %2: %3 of %4 runs ended.', nameOf(info, model.dag.dag?.timezone ?? 'UTC'), info.state, info.ended, progressOf(info).total)}
          </span>
          <Button title={trans.__('Show backfill %1', info.id)} onClick={() => model.show(info.id, info)}>
            {trans.__('Show')}
          </Button>
        </div>
      ))}
    </div>
  );
}
