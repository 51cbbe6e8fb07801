import type { ReactElement } from 'react';
import { useEffect } from 'react';

import type { BackfillInfo } from '../../api/schema';
import { progressOf } from '../../models/backfill';
import { BackfillViewModel } from '../../models/backfillview';
import type { DagPageModel } from '../../models/dagpage';
import type { IStudio } from '../../tokens';
import { trans } from '../../trans';
import { BackfillBody, datesOf } from '../backfill/BackfillView';
import { backfillLook } from '../backfill/looks';
import { Button } from '../Glyph';
import { useModel, useSignal } from '../hooks';
import { Empty } from '../Notes';
import { StateIcon } from '../StateIcon';
import { Moment } from '../Times';

/** Backfills that were made, and the form for another. */
export function BackfillsTab({ model, studio }: { model: DagPageModel; studio: IStudio }): ReactElement {
  const { dagId } = model.dag;
  useSignal(model.changed);
  const wanted = model.place.backfillId;
  const view = useModel(() => new BackfillViewModel({ ...studio, data: dataOf(dagId, wanted) }), [studio, dagId]);
  useSignal(view?.changed);
  useSignal(view?.backfill?.changed);
  const current = view?.backfill?.id ?? null;
  // Somebody leads to a backfill, as by an address; and where the person goes here is part of the place.
  useEffect(() => {
    if (view !== null && (view.backfill?.id ?? null) !== wanted) {
      view.show(wanted);
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- only when it is led to, not when another is chosen here
  }, [wanted]);
  useEffect(() => {
    if (view !== null && model.place.backfillId !== current) {
      model.go({ backfillId: current });
    }
  }, [model, view, current]);
  if (view === null) {
    return <Empty title={trans.__('Fetching the backfills…')} />;
  }
  const shown = view.backfill?.id ?? null;
  return (
    <div className="jp-Studio-sides">
      <nav className="jp-Studio-side" aria-label={trans.__('Backfills')}>
        <Button glyph="plus" title={trans.__('Put together another backfill')} pressed={shown === null} onClick={() => view.show(null)}>
          {trans.__('New backfill')}
        </Button>
        {view.recent.length === 0 && <p className="jp-Studio-muted jp-Studio-sideNote">{trans.__('No backfill of this DAG was made yet.')}</p>}
        <ul>
          {view.recent.map(info => (
            <Row
              key={info.id}
              info={view.backfill?.id === info.id ? (view.backfill.info ?? info) : info}
              timezone={model.dag.dag?.timezone ?? 'UTC'}
              isShown={info.id === shown}
              onShow={() => view.show(info.id, info)}
            />
          ))}
        </ul>
      </nav>
      <div className="jp-Studio-main">
        <BackfillBody model={view} studio={studio} />
      </div>
    </div>
  );
}

interface IRowProps {
  info: BackfillInfo;
  timezone: string;
  isShown: boolean;
  onShow: () => void;
}

function Row({ info, timezone, isShown, onShow }: IRowProps): ReactElement {
  const progress = progressOf(info);
  const look = backfillLook(info, progress);
  return (
    <li>
      <button type="button" className="jp-Studio-sideRow" aria-current={isShown} onClick={onShow}>
        <span>
          <StateIcon state={look.state} title={look.label} />
          {datesOf(info, timezone)}
        </span>
        <span className="jp-Studio-muted">
          {trans.__('%1 of %2 runs', progress.ended, progress.total)}
          {' · '}
          <Moment time={info.created_at} />
        </span>
      </button>
    </li>
  );
}

function dataOf(dagId: string, backfillId: number | null): BackfillViewModel.IOptions['data'] {
  return { view: 'backfill', dagId, runId: null, taskId: null, mapIndex: -1, backfillId, options: {} };
}
