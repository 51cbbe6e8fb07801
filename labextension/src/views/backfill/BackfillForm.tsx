import type { FormEvent, ReactElement } from 'react';
import { useId, useRef } from 'react';

import type { BackfillFormModel, Only } from '../../models/backfillform';
import { backfillCall } from '../../models/python';
import type { IStudio } from '../../tokens';
import { trans } from '../../trans';
import { useSignal } from '../hooks';
import { ErrorNote } from '../Notes';
import { focusField } from '../params/ParamsFields';
import { ParamsPart } from './ParamsPart';
import { PythonCall } from '../PythonCall';
import type { ISegment } from '../Segments';
import { Segments } from '../Segments';
import { counted } from '../text';
import { toRun } from './looks';
import { Preview } from './Preview';
import { RangeField } from './RangeField';
import { TasksField } from './TasksField';

const only = (): readonly ISegment<Only>[] => [
  { value: 'missing', label: trans.__('Missing'), title: trans.__('Days without a run') },
  { value: 'failed', label: trans.__('Missing and failed'), title: trans.__('Days without a run, and those whose run failed or was cancelled') },
  { value: 'all', label: trans.__('All'), title: trans.__('All days, also those whose run succeeded') }
];

const order = (): readonly ISegment<'oldest' | 'newest'>[] => [
  { value: 'oldest', label: trans.__('Oldest first') },
  { value: 'newest', label: trans.__('Newest first') }
];

export interface IBackfillFormProps {
  model: BackfillFormModel;
  studio: IStudio;
  onStart: () => void;
}

/** What is to run, what that means, and the button that does it. */
export function BackfillForm({ model, studio, onStart }: IBackfillFormProps): ReactElement {
  useSignal(model.changed);
  useSignal(model.dag.changed);
  const form = useRef<HTMLFormElement>(null);
  const id = useId();
  const { choices, problems, preview, params, error, asked } = model;
  const count = preview === null ? 0 : toRun(preview);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const wrong = params.attempt();
    if (wrong !== null) {
      window.setTimeout(() => focusField(form.current, wrong)); // once it is shown
    } else if (asked !== null && count > 0 && !model.isAsking) {
      onStart();
    }
  };
  return (
    <form
      className="jp-Studio-viewForm"
      aria-label={trans.__('Backfill %1', model.dag.dagId)}
      data-lm-suppress-shortcuts="true"
      ref={form}
      noValidate
      onSubmit={submit}
    >
      <div className="jp-Studio-fields">
        <RangeField model={model} />
        <div className="jp-Studio-field">
          <span className="jp-Studio-fieldName">{trans.__('Runs')}</span>
          <div className="jp-Studio-fieldBody">
            <Segments
              label={trans.__('Which runs')}
              segments={only()}
              value={choices.only}
              onChange={only => model.set({ only })}
            />
          </div>
        </div>
        <TasksField model={model} studio={studio} />
        <div className="jp-Studio-field">
          <label className="jp-Studio-fieldName" htmlFor={`${id}-atOnce`}>
            {trans.__('Order')}
          </label>
          <div className="jp-Studio-fieldBody">
            <div className="jp-Studio-fieldLine">
              <Segments
                label={trans.__('Order')}
                segments={order()}
                value={choices.newestFirst ? 'newest' : 'oldest'}
                onChange={order => model.set({ newestFirst: order === 'newest' })}
              />
              <label className="jp-Studio-check" htmlFor={`${id}-atOnce`}>
                <input
                  id={`${id}-atOnce`}
                  type="text"
                  inputMode="numeric"
                  className="jp-mod-number"
                  aria-invalid={problems.atOnce !== undefined}
                  value={choices.atOnce}
                  onChange={event => model.set({ atOnce: event.target.value.trim() })}
                />
                {trans.__('runs at once')}
              </label>
            </div>
            {problems.atOnce !== undefined && <div className="jp-Studio-problem">{problems.atOnce}</div>}
          </div>
        </div>
        <ParamsPart params={params} />
      </div>
      {error !== null && <ErrorNote error={error} />}
      <Preview model={model} />
      <div className="jp-Studio-actions">
        <button
          type="submit"
          className="jp-Studio-button jp-mod-primary"
          disabled={model.isStarting || (params.isValid && (asked === null || count === 0 || model.isAsking))}
        >
          {model.isStarting ? trans.__('Starting…') : count === 0 ? trans.__('Start') : trans.__('Start %1', counted(count, 'run'))}
        </button>
      </div>
      {asked !== null && <PythonCall text={backfillCall(asked)} />}
    </form>
  );
}
