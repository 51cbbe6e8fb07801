import type { ReactElement } from 'react';
import { useState } from 'react';

import type { BackfillInfo, DagSummary } from '../../api/schema';
import { BackfillModel, isActive, progressOf } from '../../models/backfill';
import type { BackfillState } from '../../models/backfilllist';
import { BACKFILL_STATES, BackfillListModel } from '../../models/backfilllist';
import { DagListModel } from '../../models/daglist';
import type { IStudio } from '../../tokens';
import { trans } from '../../trans';
import { datesOf } from '../backfill/BackfillView';
import { Controls } from '../backfill/Controls';
import { backfillLook, leftText } from '../backfill/looks';
import { ProgressBar } from '../backfill/ProgressBar';
import { Button, LinkButton } from '../Glyph';
import { useModel, useSignal } from '../hooks';
import { Empty, ErrorNote } from '../Notes';
import { StateIcon } from '../StateIcon';
import { Moment } from '../Times';

/** The backfills of all DAGs: how far they are, and what is done about them. */
export function Backfills({ studio }: { studio: IStudio }): ReactElement {
  const list = useModel(() => new BackfillListModel(studio), [studio]);
  const dags = useModel(() => new DagListModel(studio), [studio]);
  useSignal(list?.changed);
  useSignal(dags?.changed);
  const [open, setOpen] = useState<number | null>(null);
  const known = new Map(dags?.dags?.map(dag => [dag.dag_id, dag]));
  const found = list?.backfills ?? null;
  return (
    <div className="jp-Studio-main">
      <h2>{trans.__('Backfills')}</h2>
      {list !== null && (
        <div className="jp-Studio-chips" role="group" aria-label={trans.__('States')}>
          {BACKFILL_STATES.map(state => (
            <button
              key={state}
              type="button"
              className="jp-Studio-chip"
              aria-pressed={list.states.includes(state)}
              onClick={() => list.toggle(state)}
            >
              {words()[state]}
            </button>
          ))}
        </div>
      )}
      {list?.error != null && <ErrorNote error={list.error} onRetry={() => void list.refresh()} />}
      {list === null || found === null ? (
        list?.error == null && <Empty title={trans.__('Fetching the backfills…')} />
      ) : found.length === 0 ? (
        <Empty title={list.states.length > 0 ? trans.__('No backfill is like that.') : trans.__('No backfill was made yet.')} />
      ) : (
        <>
          <div className="jp-Studio-tableFrame">
            <table className="jp-Studio-runTable jp-mod-wide">
              <thead>
                <tr>
                  <th scope="col">{trans.__('State')}</th>
                  <th scope="col">{trans.__('DAG')}</th>
                  <th scope="col">{trans.__('Dates')}</th>
                  <th scope="col">{trans.__('Runs')}</th>
                  <th scope="col">{trans.__('Who')}</th>
                  <th scope="col">{trans.__('When')}</th>
                  <th scope="col">{trans.__('Actions')}</th>
                </tr>
              </thead>
              <tbody>
                {found.map(info => (
                  <Row
                    key={info.id}
                    info={info}
                    dag={known.get(info.dag_id)}
                    studio={studio}
                    isOpen={info.id === open}
                    onToggle={() => setOpen(info.id === open ? null : info.id)}
                  />
                ))}
              </tbody>
            </table>
          </div>
          {list.hasMore && (
            <Button title={trans.__('Show earlier ones')} onClick={() => void list.more()}>
              {trans.__('Earlier')}
            </Button>
          )}
        </>
      )}
    </div>
  );
}

const words = (): Readonly<Record<BackfillState, string>> => ({
  running: trans.__('running'),
  paused: trans.__('paused'),
  done: trans.__('done'),
  cancelled: trans.__('cancelled')
});

interface IRowProps {
  info: BackfillInfo;
  /** Unknown until the DAGs were fetched. */
  dag: DagSummary | undefined;
  studio: IStudio;
  isOpen: boolean;
  onToggle: () => void;
}

function Row({ info, dag, studio, isOpen, onToggle }: IRowProps): ReactElement {
  const progress = progressOf(info);
  const look = backfillLook(info, progress);
  const left = leftText(info, progress);
  const failed = progress.counts.failed ?? 0;
  const place = { dagId: info.dag_id, tab: 'backfills', backfillId: info.id } as const;
  return (
    <>
      <tr data-backfill={info.id}>
        <td>
          <StateIcon state={look.state} /> {look.label}
        </td>
        <th scope="row">
          <LinkButton title={trans.__('Open the backfill %1 of %2', info.id, info.dag_id)} onClick={() => void studio.host.openPlace(place)}>
            {info.dag_id}
          </LinkButton>
        </th>
        <td>{datesOf(info, dag?.timezone ?? 'UTC')}</td>
        <td>
          {trans.__('%1 of %2 ended', progress.ended, progress.total)}
          {failed > 0 && <>, {trans._n('%1 failed', '%1 failed', failed)}</>}
          {left !== '' && <span className="jp-Studio-muted">{` · ${left}`}</span>}
        </td>
        <td>{info.actor}</td>
        <td>
          <Moment time={info.created_at} />
        </td>
        <td>
          {(isActive(info) || isOpen) && (
            <Button title={trans.__('Pause, resume or cancel it…')} pressed={isOpen} onClick={onToggle}>
              {trans.__('Change…')}
            </Button>
          )}
        </td>
      </tr>
      {isOpen && (
        <tr>
          <td colSpan={7}>
            <Change info={info} dag={dag} studio={studio} />
          </td>
        </tr>
      )}
    </>
  );
}

/** As in the DAG's own tab. */
function Change({ info, dag, studio }: Pick<IRowProps, 'info' | 'dag' | 'studio'>): ReactElement {
  const model = useModel(() => new BackfillModel({ ...studio, dagId: info.dag_id, id: info.id, info }), [studio, info.id]);
  useSignal(model?.changed);
  if (model?.info == null) {
    return <Empty title={trans.__('Fetching the backfill…')} />;
  }
  const progress = model.progress ?? progressOf(model.info);
  return (
    <div role="group" aria-label={trans.__('Backfill %1 of %2', info.id, info.dag_id)}>
      {model.error !== null && <ErrorNote error={model.error} onRetry={() => void model.refresh()} />}
      <ProgressBar info={model.info} progress={progress} />
      <Controls model={model} info={model.info} progress={progress} timezone={dag?.timezone ?? 'UTC'} schedule={dag?.schedule ?? null} />
      {model.info.note !== '' && <p className="jp-Studio-muted">{model.info.note}</p>}
    </div>
  );
}
