import type { FormEvent, ReactElement } from 'react';
import { useRef, useState } from 'react';

import type { IStudioClient } from '../../api/client';
import type { StudioError } from '../../api/errors';
import { asStudioError } from '../../api/errors';
import type { MarkTasks } from '../../api/schema';
import { trans } from '../../trans';
import { Button } from '../Glyph';
import { useFetched, useFormKeys } from '../hooks';
import { ErrorNote } from '../Notes';
import type { ISegment } from '../Segments';
import { Segments } from '../Segments';
import { ChosenTasks } from './ChosenTasks';

type State = MarkTasks['state'];
type Scope = 'upstream' | 'downstream' | 'past' | 'future';

const stateSegments = (): readonly ISegment<State>[] => [
  { value: 'success', label: trans.__('success') },
  { value: 'failed', label: trans.__('failed') },
  { value: 'skipped', label: trans.__('skipped') }
];

const scopeWords = (): readonly (readonly [Scope, string])[] => [
  ['downstream', trans.__('with the tasks after it')],
  ['upstream', trans.__('with the tasks before it')],
  ['past', trans.__('in earlier runs, too')],
  ['future', trans.__('in later runs, too')]
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
  const form = useRef<HTMLFormElement>(null);
  const onKeyDown = useFormKeys(form, onDone);
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
    <form className="jp-Studio-form" aria-label={trans.__('Mark')} ref={form} onSubmit={submit} onKeyDown={onKeyDown}>
      <Segments label={trans.__('As')} segments={stateSegments()} value={state} onChange={setState} />
      <div className="jp-Studio-checks">
        {scopeWords().map(([scope, words]) => (
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
        words={count => trans.__('%1 will count as %2; what runs of them is ended.', count, state)}
        none={trans.__('Nothing would change.')}
      />
      {error !== null && <ErrorNote error={error} />}
      <div className="jp-Studio-actions">
        <button type="submit" className="jp-Studio-button jp-mod-primary" disabled={(preview.value?.marked ?? 0) === 0}>
          {trans.__('Mark as %1', state)}
        </button>
        <Button title={trans.__('Leave all as it is')} onClick={onDone}>
          {trans.__('Leave')}
        </Button>
      </div>
    </form>
  );
}
