import type { FormEvent, ReactElement } from 'react';
import { useState } from 'react';

import type { DagModel } from '../models/dag';
import { Button } from './Glyph';

/** Start a run for a date, with parameters. */
export function TriggerForm({ dag, onDone }: { dag: DagModel; onDone: () => void }): ReactElement {
  const defaults = dag.spec?.params ?? {};
  const [date, setDate] = useState('');
  const [params, setParams] = useState(() => JSON.stringify(defaults, null, 2));
  const problem = problemOf(params);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (problem !== null) {
      return;
    }
    const run = await dag.trigger({
      logical_date: date === '' ? null : date,
      params: JSON.parse(params === '' ? '{}' : params) as Record<string, unknown>
    });
    if (run !== null) {
      dag.show(run.run_id);
      onDone();
    }
  };
  return (
    <form
      className="jp-Studio-form"
      aria-label="Trigger a run"
      data-lm-suppress-shortcuts="true"
      onSubmit={event => void submit(event)}
    >
      <label>
        Logical date
        <input type="datetime-local" value={date} onChange={event => setDate(event.target.value)} />
        <span className="jp-Studio-muted">{`in ${dag.dag?.timezone ?? 'UTC'}; may be left empty`}</span>
      </label>
      <label>
        Parameters (JSON)
        <textarea
          rows={Math.min(Math.max(params.split('\n').length, 2), 10)}
          spellCheck={false}
          value={params}
          aria-invalid={problem !== null}
          onChange={event => setParams(event.target.value)}
        />
        {problem !== null && <span className="jp-Studio-problem">{problem}</span>}
      </label>
      <div className="jp-Studio-actions">
        <button type="submit" className="jp-Studio-button jp-mod-primary" disabled={problem !== null}>
          Trigger
        </button>
        <Button title="Start nothing" onClick={onDone}>
          Leave
        </Button>
      </div>
    </form>
  );
}

function problemOf(text: string): string | null {
  if (text.trim() === '') {
    return null;
  }
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? null
      : 'Write an object: {"name": value}.';
  } catch (reason) {
    return reason instanceof Error ? reason.message : String(reason);
  }
}
