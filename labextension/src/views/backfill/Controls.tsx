import type { FormEvent, ReactElement } from 'react';
import { useState } from 'react';

import type { BackfillInfo } from '../../api/schema';
import type { BackfillModel, IProgress } from '../../models/backfill';
import { isActive } from '../../models/backfill';
import { addDays, dayOf, isDay } from '../../models/days';
import { endText } from '../../models/ranges';
import { trans } from '../../trans';
import { Button } from '../Glyph';

type Open = 'cancel' | 'extend' | 'limit' | null;

export interface IControlsProps {
  model: BackfillModel;
  info: BackfillInfo;
  progress: IProgress;
  timezone: string;
  schedule: string | null;
}

/** Pause, resume, cancel, extend, and how many at once. */
export function Controls({ model, info, progress, timezone, schedule }: IControlsProps): ReactElement {
  const [open, setOpen] = useState<Open>(null);
  const isGoing = isActive(info);
  const toggle = (which: Open): void => setOpen(open === which ? null : which);
  const canExtend = info.start !== null && info.state !== 'cancelled';
  return (
    <>
      <div className="jp-Studio-actions">
        {info.state === 'running' && (
          <Button glyph="pause" title={trans.__('Start no more of its runs; what runs goes on')} disabled={model.isBusy} onClick={() => void model.pause()}>
            {trans.__('Pause')}
          </Button>
        )}
        {info.state === 'paused' && (
          <Button primary glyph="play" title={trans.__('Go on')} disabled={model.isBusy} onClick={() => void model.resume()}>
            {trans.__('Resume')}
          </Button>
        )}
        {isGoing && (
          <Button title={trans.__('Change how many of its runs may be active at once')} pressed={open === 'limit'} onClick={() => toggle('limit')}>
            {trans.__('%1 at once…', info.max_active_runs)}
          </Button>
        )}
        {canExtend && (
          <Button glyph="plus" title={trans.__('Add runs, up to a later day')} pressed={open === 'extend'} onClick={() => toggle('extend')}>
            {trans.__('Extend…')}
          </Button>
        )}
        {isGoing && (
          <Button glyph="stop" title={trans.__('Do not start what waits')} pressed={open === 'cancel'} onClick={() => toggle('cancel')}>
            {trans.__('Cancel…')}
          </Button>
        )}
      </div>
      {open === 'cancel' && isGoing && <CancelForm model={model} progress={progress} onDone={() => setOpen(null)} />}
      {open === 'limit' && isGoing && <LimitForm model={model} info={info} onDone={() => setOpen(null)} />}
      {open === 'extend' && canExtend && (
        <ExtendForm model={model} info={info} timezone={timezone} schedule={schedule} onDone={() => setOpen(null)} />
      )}
    </>
  );
}

interface IPartProps {
  model: BackfillModel;
  info: BackfillInfo;
  onDone: () => void;
}

function CancelForm({ model, progress, onDone }: Omit<IPartProps, 'info'> & { progress: IProgress }): ReactElement {
  const running = progress.counts.running ?? 0;
  const waiting = progress.total - progress.ended - running;
  const cancel = (stopRunning: boolean): void => {
    void model.cancel(stopRunning);
    onDone();
  };
  return (
    <div className="jp-Studio-form" role="group" aria-label={trans.__('Cancel the backfill')}>
      <p>{[
          trans._n('%1 of its runs waits and will not start.', '%1 of its runs wait and will not start.', waiting),
          trans._n('%1 is active.', '%1 are active.', running)
        ].join(' ')}</p>
      <div className="jp-Studio-actions">
        <Button primary title={trans.__('What runs goes on to its end')} onClick={() => cancel(false)}>
          {trans.__('Cancel what waits')}
        </Button>
        {running > 0 && (
          <Button title={trans.__('End what runs, too')} onClick={() => cancel(true)}>
            {trans.__('End what runs, too')}
          </Button>
        )}
        <Button title={trans.__('Leave all as it is')} onClick={onDone}>
          {trans.__('Leave')}
        </Button>
      </div>
    </div>
  );
}

function LimitForm({ model, info, onDone }: IPartProps): ReactElement {
  const [text, setText] = useState(String(info.max_active_runs));
  const isRight = /^[1-9]\d{0,4}$/.test(text);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void model.limit(Number(text));
    onDone();
  };
  return (
    <form className="jp-Studio-form jp-mod-line" aria-label={trans.__('Runs at once')} data-lm-suppress-shortcuts="true" onSubmit={submit}>
      <label>
        {trans.__('Runs at once')}
        <input
          autoFocus
          type="text"
          inputMode="numeric"
          className="jp-mod-number"
          aria-invalid={!isRight}
          value={text}
          onChange={event => setText(event.target.value.trim())}
        />
      </label>
      <button type="submit" className="jp-Studio-button jp-mod-primary" disabled={!isRight}>
        {trans.__('Change')}
      </button>
      <Button title={trans.__('Leave it as it is')} onClick={onDone}>
        {trans.__('Leave')}
      </Button>
    </form>
  );
}

function ExtendForm({ model, info, timezone, schedule, onDone }: IPartProps & { timezone: string; schedule: string | null }): ReactElement {
  const last = dayOf(info.end ?? info.created_at, timezone);
  const [end, setEnd] = useState(addDays(last, 7));
  const isLater = isDay(end) && end > last;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void model.extend(endText(end, schedule));
    onDone();
  };
  return (
    <form className="jp-Studio-form jp-mod-line" aria-label={trans.__('Extend the backfill')} data-lm-suppress-shortcuts="true" onSubmit={submit}>
      <label>
        {trans.__('From %1 up to', last)}
        <input
          autoFocus
          type="date"
          min={addDays(last, 1)}
          aria-invalid={!isLater}
          value={end}
          onChange={event => setEnd(event.target.value)}
        />
      </label>
      <button type="submit" className="jp-Studio-button jp-mod-primary" disabled={!isLater}>
        {trans.__('Extend')}
      </button>
      <Button title={trans.__('Leave it as it is')} onClick={onDone}>
        {trans.__('Leave')}
      </Button>
      {!isLater && <span className="jp-Studio-problem">{trans.__('A day after %1.', last)}</span>}
    </form>
  );
}
