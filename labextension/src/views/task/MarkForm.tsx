import type { FormEvent, ReactElement } from 'react';
import { useState } from 'react';

import type { IStudioClient } from '../../api/client';
import type { StudioError } from '../../api/errors';
import { asStudioError } from '../../api/errors';
import type { MarkTasks } from '../../api/schema';
import { Button } from '../Glyph';
import { useFetched } from '../hooks';
import { ErrorNote } from '../Notes';
import type { ISegment } from '../Segments';
import { Segments } from '../Segments';
import { ChosenTasks } from './ChosenTasks';

type State = MarkTasks['state'];
type Scope = 'upstream' | 'downstream' | 'past' | 'future';

const STATES: readonly ISegment<State>[] = [
  { value: 'success', label: 'success' },
  { value: 'failed', label: 'failed' },
  { value: 'skipped', label: 'skipped' }
];

const SCOPES: readonly (readonly [Scope, string])[] = [
  ['downstream', 'with the tasks after it'],
  ['upstream', 'with the tasks before it'],
  ['past', 'in earlier runs, too'],
  ['future', 'in later runs, too']
];

export interface IMarkFormProps {
  client: IStudioClient;
  dagId: string;
  runId: string;
  taskId: string;
  mapIndex: number | null;
  /** What it is to count as, until somebody chooses otherwise. */
  initial: State;
  onDone: () => void;
}

/** Say how a task ended, whatever it did; what that is about is said before. */
export function MarkForm({ client, dagId, runId, taskId, mapIndex, initial, onDone }: IMarkFormProps): ReactElement {
  const [state, setState] = useState<State>(initial);
  const [scopes, setScopes] = useState<Readonly<Partial<Record<Scope, boolean>>>>({});
  const [error, setError] = useState<StudioError | null>(null);
  const body: MarkTasks = { run_ids: [runId], task_ids: [taskId], state, map_index: mapIndex, ...scopes };
  const path = { dag_id: dagId };
  const preview = useFetched(
    () => client.call('mark_tasks', { path, body: { ...body, dry_run: true } }),
    [client, dagId, JSON.stringify(body)]
  );
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    client.call('mark_tasks', { path, body }).then(onDone, (reason: unknown) => setError(asStudioError(reason)));
  };
  return (
    <form className="jp-Studio-form" aria-label="Mark" onSubmit={submit}>
      <Segments label="As" segments={STATES} value={state} onChange={setState} />
      <div className="jp-Studio-checks">
        {SCOPES.map(([scope, words]) => (
          <label key={scope}>
            <input
              type="checkbox"
              checked={scopes[scope] ?? false}
              onChange={event => setScopes({ ...scopes, [scope]: event.target.checked })}
            />
            {words}
          </label>
        ))}
      </div>
      <ChosenTasks
        preview={preview}
        tasks={preview.value?.tasks ?? []}
        count={preview.value?.marked ?? 0}
        words={count => `${count} will count as ${state}; what runs of them is ended.`}
        none="Nothing would change."
      />
      {error !== null && <ErrorNote error={error} />}
      <div className="jp-Studio-actions">
        <button type="submit" className="jp-Studio-button jp-mod-primary" disabled={(preview.value?.marked ?? 0) === 0}>
          {`Mark as ${state}`}
        </button>
        <Button title="Leave all as it is" onClick={onDone}>
          Leave
        </Button>
      </div>
    </form>
  );
}
