import type { FormEvent, ReactElement } from 'react';
import { useEffect, useId, useRef, useState } from 'react';

import { asStudioError } from '../api/errors';
import type { StudioError } from '../api/errors';
import type { RunSummary } from '../api/schema';
import type { DagModel } from '../models/dag';
import { ParamsModel } from '../models/params';
import { triggerCall } from '../models/python';
import { trans } from '../trans';
import { Button } from './Glyph';
import { useFormKeys, useSignal } from './hooks';
import { ErrorNote } from './Notes';
import { focusField, ParamsFields } from './params/ParamsFields';
import { PythonCall } from './PythonCall';

export interface ITriggerFormProps {
  dag: DagModel;
  /** What was typed; the form makes its own without it. */
  params?: ParamsModel;
  onStarted: (run: RunSummary) => void;
  /** Without it the form cannot be left. */
  onLeave?: () => void;
}

/** Start a run for a date, with parameters. */
export function TriggerForm({ dag, params: given, onStarted, onLeave }: ITriggerFormProps): ReactElement {
  const [own] = useState(() => new ParamsModel());
  const params = given ?? own;
  const form = useRef<HTMLFormElement>(null);
  const dateId = useId();
  const [date, setDate] = useState('');
  const [error, setError] = useState<StudioError | null>(null);
  const [isSending, setSending] = useState(false);
  const { spec } = dag;
  useEffect(() => params.load(spec?.params ?? {}, spec?.param_schemas ?? {}), [params, spec]);
  useSignal(params.changed);
  const onKeyDown = useFormKeys(form, onLeave);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const wrong = params.attempt();
    if (wrong !== null) {
      focusField(form.current, wrong);
      return;
    }
    setSending(true);
    setError(null);
    try {
      onStarted(await dag.start({ logical_date: date === '' ? null : date, params: params.changes() }));
    } catch (reason) {
      const said = asStudioError(reason);
      if (params.refuse(said)) {
        focusField(form.current, said.field?.replace('params.', '') ?? '');
      } else {
        setError(said);
      }
    } finally {
      setSending(false);
    }
  };
  return (
    <form
      className="jp-Studio-form"
      aria-label={trans.__('Trigger a run')}
      data-lm-suppress-shortcuts="true"
      ref={form}
      noValidate
      onSubmit={event => void submit(event)}
      onKeyDown={onKeyDown}
    >
      <div className="jp-Studio-fields">
        <div className="jp-Studio-field">
          <label className="jp-Studio-fieldName" htmlFor={dateId}>
            {trans.__('Logical date')}
          </label>
          <div className="jp-Studio-fieldBody">
            <div className="jp-Studio-fieldLine">
              <input id={dateId} type="datetime-local" value={date} onChange={event => setDate(event.target.value)} />
            </div>
            <div className="jp-Studio-fieldHelp">{trans.__('in %1; may be left empty', dag.dag?.timezone ?? 'UTC')}</div>
          </div>
        </div>
      </div>
      <ParamsFields model={params} />
      {error !== null && <ErrorNote error={error} />}
      <div className="jp-Studio-actions">
        <button type="submit" className="jp-Studio-button jp-mod-primary" disabled={isSending || dag.phase !== 'live'}>
          {trans.__('Start the run')}
        </button>
        {onLeave !== undefined && (
          <Button title={trans.__('Start nothing')} onClick={onLeave}>
            {trans.__('Leave')}
          </Button>
        )}
      </div>
      <PythonCall text={triggerCall(date === '' ? null : date, params.changes())} />
    </form>
  );
}
