import type { FormEvent, ReactElement } from 'react';
import { useRef } from 'react';

import type { NotebookPublished } from '../../api/schema';
import type { NotebookScheduleModel } from '../../models/notebookschedule';
import { trans } from '../../trans';
import { useSignal } from '../hooks';
import { Empty, ErrorNote } from '../Notes';
import { focusField, ParamsFields } from '../params/ParamsFields';
import type { ISegment } from '../Segments';
import { Segments } from '../Segments';
import { Field } from './Field';
import { NextRuns } from './NextRuns';
import { NotifyFields } from './NotifyFields';
import { RhythmField } from './RhythmField';
import { Words } from '../Words';

const sources = (): readonly ISegment<'snapshot' | 'latest'>[] => [
  { value: 'snapshot', label: trans.__('As it is now'), title: trans.__('Later changes of the file count when it is scheduled again') },
  { value: 'latest', label: trans.__('As it is then'), title: trans.__('Each run takes the file as it finds it') }
];

export interface IKernelChoice {
  readonly name: string;
  readonly label: string;
}

export interface IScheduleFormProps {
  model: NotebookScheduleModel;
  /** Kernels that could run it; none: it runs with its own. */
  kernels: readonly IKernelChoice[];
  onDone: (made: NotebookPublished) => void;
}

/** When and how a notebook runs by itself. */
export function ScheduleForm({ model, kernels, onDone }: IScheduleFormProps): ReactElement {
  useSignal(model.changed);
  const form = useRef<HTMLFormElement>(null);
  const { choices, rhythm, info, error, preview, previewError } = model;
  const isOnce = rhythm.rhythm === 'once';
  if (info === null) {
    return error === null ? (
      <Empty title={trans.__('Looking at the notebook…')} />
    ) : (
      <ErrorNote error={error} onRetry={() => void model.load()} />
    );
  }
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const wrong = model.params.attempt();
    if (wrong !== null) {
      focusField(form.current, wrong);
      return;
    }
    const made = await model.send();
    if (made !== null) {
      onDone(made);
    }
  };
  return (
    <form
      className="jp-Studio-viewForm jp-Studio-scheduleForm"
      aria-label={trans.__('Schedule %1', model.path)}
      data-lm-suppress-shortcuts="true"
      ref={form}
      noValidate
      onSubmit={event => void submit(event)}
    >
      <h2>{isOnce ? trans.__('Run as a task') : trans.__('Schedule')}</h2>
      <p className="jp-Studio-muted">{model.path}</p>
      {info.warnings.map(warning => (
        <p key={warning} className="jp-Studio-why">
          {warning}
        </p>
      ))}
      {model.isKnown && <p role="status">{trans.__('It is scheduled already: this changes how.')}</p>}
      <div className="jp-Studio-fields">
        <Field name={trans.__('Name')} help={trans.__('of the DAG that it becomes')}>
          <input
            aria-label={trans.__('Name of the DAG')}
            value={choices.dagId}
            required
            onChange={event => model.choose({ dagId: event.target.value })}
          />
        </Field>
        <RhythmField model={model} />
      </div>
      {previewError !== null && <ErrorNote error={previewError} />}
      {preview !== null && <NextRuns preview={preview} />}
      <h3>{trans.__('Parameters')}</h3>
      {model.params.fields.length === 0 ? (
        <p className="jp-Studio-muted">
          <Words text={trans.__('The notebook takes none. A cell with the tag `parameters` makes its variables parameters.')} />
        </p>
      ) : (
        <>
          <ParamsFields model={model.params} />
          <p className="jp-Studio-fieldHelp">
            {trans.__('Text may hold templates: {{ ds }} is the date that a run is for.')}
          </p>
        </>
      )}
      <h3>{trans.__('How it runs')}</h3>
      <div className="jp-Studio-fields">
        {kernels.length > 0 && (
          <Field name={trans.__('Kernel')}>
            <select
              aria-label={trans.__('Kernel')}
              value={choices.kernelName}
              onChange={event => model.choose({ kernelName: event.target.value })}
            >
              <option value="">{trans.__('that of the notebook%1', info.kernel_name === null ? '' : ` (${info.kernel_name})`)}</option>
              {kernels.map(({ name, label }) => (
                <option key={name} value={name}>
                  {label}
                </option>
              ))}
            </select>
          </Field>
        )}
        <Field name={trans.__('Notebook')}>
          <Segments
            label={trans.__('Which content of the notebook')}
            segments={sources()}
            value={choices.source}
            onChange={source => model.choose({ source })}
          />
        </Field>
        <Field name={trans.__('Retries')} help={trans.__('when it fails, five minutes apart')}>
          <input
            type="number"
            aria-label={trans.__('Retries')}
            min={0}
            max={100}
            value={choices.retries}
            onChange={event => model.choose({ retries: Number(event.target.value) })}
          />
        </Field>
        <Field name={trans.__('Time limit')} help={trans.__('minutes; 0: none')}>
          <input
            type="number"
            aria-label={trans.__('Time limit in minutes')}
            min={0}
            value={choices.timeout}
            onChange={event => model.choose({ timeout: Number(event.target.value) })}
          />
        </Field>
        <Field name={trans.__('Also keep as')}>
          <span className="jp-Studio-checks">
            {(['html', 'pdf'] as const).map(format => (
              <label key={format}>
                <input
                  type="checkbox"
                  checked={choices.exports.includes(format)}
                  onChange={event =>
                    model.choose({
                      exports: event.target.checked
                        ? [...choices.exports, format]
                        : choices.exports.filter(other => other !== format)
                    })
                  }
                />
                {format.toUpperCase()}
              </label>
            ))}
          </span>
        </Field>
        <Field name={trans.__('Copies')} help={trans.__('a folder for what came out; {{ ds }} is the date of the run')}>
          <input
            aria-label={trans.__('Folder for copies')}
            value={choices.copyTo}
            placeholder={trans.__('none')}
            onChange={event => model.choose({ copyTo: event.target.value })}
          />
        </Field>
      </div>
      <h3>{trans.__('Who is told')}</h3>
      <NotifyFields model={model} />
      {error !== null && <ErrorNote error={error} />}
      <div className="jp-Studio-actions">
        <button
          type="submit"
          className="jp-Studio-button jp-mod-primary"
          disabled={model.isSending || (!isOnce && preview === null)}
        >
          {isOnce ? trans.__('Run now') : model.isKnown ? trans.__('Change the schedule') : trans.__('Schedule')}
        </button>
      </div>
    </form>
  );
}
