import type { ReactElement } from 'react';
import { useState } from 'react';

import type { IStudioClient } from '../../api/client';
import type { StudioError } from '../../api/errors';
import { asStudioError } from '../../api/errors';
import type { RunSummary } from '../../api/schema';
import { isRunOver } from '../../models/order';
import { trans } from '../../trans';
import { Button } from '../Glyph';
import { useFetched } from '../hooks';
import { ErrorNote } from '../Notes';
import { counted } from '../text';

type Action = 'clear' | 'clear-failed' | 'mark-success' | 'mark-failed' | 'cancel' | 'delete';

export interface IRunActionsProps {
  client: IStudioClient;
  dagId: string;
  runs: readonly RunSummary[];
  onDone: () => void;
  /** Compare two runs; without it they cannot be compared here. */
  onCompare?: (runs: readonly [RunSummary, RunSummary]) => void;
}

/** What can be done with the chosen runs. What that means is said before it is done. */
export function RunActions({ client, dagId, runs, onDone, onCompare }: IRunActionsProps): ReactElement {
  const [asked, setAsked] = useState<Action | null>(null);
  const [one, two] = runs;
  const active = runs.filter(run => !isRunOver(run.state)).length;
  const ask = (action: Action): void => setAsked(asked === action ? null : action);
  return (
    <div className="jp-Studio-bulk" role="group" aria-label={trans.__('Chosen runs')}>
      <div className="jp-Studio-actions">
        <b>{trans.__('%1 chosen', counted(runs.length, 'run'))}</b>
        <Button glyph="again" title={trans.__('Run their failed tasks again…')} pressed={asked === 'clear-failed'} onClick={() => ask('clear-failed')}>
          {trans.__('Repeat failed tasks')}
        </Button>
        <Button title={trans.__('Run all their tasks again…')} pressed={asked === 'clear'} onClick={() => ask('clear')}>
          {trans.__('Repeat all')}
        </Button>
        <Button title={trans.__('Say that they succeeded…')} pressed={asked === 'mark-success'} onClick={() => ask('mark-success')}>
          {trans.__('Mark success')}
        </Button>
        <Button title={trans.__('Say that they failed…')} pressed={asked === 'mark-failed'} onClick={() => ask('mark-failed')}>
          {trans.__('Mark failed')}
        </Button>
        <Button glyph="stop" title={trans.__('End them…')} disabled={active === 0} pressed={asked === 'cancel'} onClick={() => ask('cancel')}>
          {trans.__('Cancel')}
        </Button>
        <Button title={trans.__('Delete them with their tasks and outputs…')} pressed={asked === 'delete'} onClick={() => ask('delete')}>
          {trans.__('Delete')}
        </Button>
        {onCompare !== undefined && (
          <Button
            title={runs.length === 2 ? trans.__('What differs between the two') : trans.__('Choose two runs to compare them')}
            disabled={runs.length !== 2}
            onClick={() => one !== undefined && two !== undefined && onCompare([one, two])}
          >
            {trans.__('Compare')}
          </Button>
        )}
      </div>
      {asked !== null && (
        <Confirmation
          key={asked}
          client={client}
          dagId={dagId}
          runs={runs}
          action={asked}
          onLeave={() => setAsked(null)}
          onDone={() => {
            setAsked(null);
            onDone();
          }}
        />
      )}
    </div>
  );
}

interface IConfirmationProps extends Omit<IRunActionsProps, 'onCompare'> {
  action: Action;
  onLeave: () => void;
}

function Confirmation({ client, dagId, runs, action, onLeave, onDone }: IConfirmationProps): ReactElement {
  const [error, setError] = useState<StudioError | null>(null);
  const [isSending, setSending] = useState(false);
  const run_ids = runs.map(run => run.run_id);
  const preview = useFetched(() => previewOf(client, dagId, run_ids, action), [client, dagId, action, run_ids.join(' ')]);
  const send = (): void => {
    setSending(true);
    carryOut(client, dagId, run_ids, action).then(onDone, (reason: unknown) => {
      setError(asStudioError(reason));
      setSending(false);
    });
  };
  return (
    <div className="jp-Studio-form" role="group" aria-label={trans.__('Confirm')}>
      <p>{preview.error === null ? (preview.value ?? trans.__('Looking what that means…')) : null}</p>
      {preview.error !== null && <ErrorNote error={preview.error} onRetry={preview.again} />}
      {error !== null && <ErrorNote error={error} />}
      <div className="jp-Studio-actions">
        <Button primary title={verbs()[action]} disabled={isSending || preview.value === null} onClick={send}>
          {verbs()[action]}
        </Button>
        <Button title={trans.__('Leave all as it is')} onClick={onLeave}>
          {trans.__('Leave')}
        </Button>
      </div>
    </div>
  );
}

const verbs = (): Readonly<Record<Action, string>> => ({
  clear: trans.__('Run again'),
  'clear-failed': trans.__('Run again'),
  'mark-success': trans.__('Mark as success'),
  'mark-failed': trans.__('Mark as failed'),
  cancel: trans.__('Cancel the runs'),
  delete: trans.__('Delete for good')
});

async function previewOf(client: IStudioClient, dagId: string, run_ids: string[], action: Action): Promise<string> {
  const runs = counted(run_ids.length, 'run');
  switch (action) {
    case 'clear':
    case 'clear-failed': {
      const body = { run_ids, only_failed: action === 'clear-failed', dry_run: true };
      const { cleared } = await client.call('clear_runs', { path: { dag_id: dagId }, body });
      return cleared === 0
        ? trans.__('Nothing would run again.')
        : trans.__('%1 of %2 will run again. Earlier tries are kept.', counted(cleared, 'task'), runs);
    }
    case 'mark-success':
    case 'mark-failed':
      return action === 'mark-success'
        ? trans.__('%1 will count as succeeded: what runs of them is ended, what has not begun is skipped.', runs)
        : trans.__('%1 will count as failed: what runs of them is ended, what has not begun is skipped.', runs);
    case 'cancel':
      return trans.__('What runs of %1 is ended, what waits is not started. Runs that are over stay as they are.', runs);
    case 'delete':
      return trans.__('%1 will be deleted with their tasks, logs and outputs. This cannot be undone; runs that are not over are refused.', runs);
  }
}

async function carryOut(client: IStudioClient, dagId: string, run_ids: string[], action: Action): Promise<void> {
  const path = { dag_id: dagId };
  switch (action) {
    case 'clear':
    case 'clear-failed':
      await client.call('clear_runs', { path, body: { run_ids, only_failed: action === 'clear-failed' } });
      break;
    case 'mark-success':
    case 'mark-failed':
      await client.call('mark_runs', { path, body: { run_ids, state: action === 'mark-success' ? 'success' : 'failed' } });
      break;
    case 'cancel':
      await client.call('cancel_runs', { path, body: { run_ids } });
      break;
    case 'delete':
      await client.call('delete_runs', { path, body: { run_ids } });
      break;
  }
}
