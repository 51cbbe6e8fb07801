import type { ReactElement, ReactNode } from 'react';
import { useState } from 'react';

import type { StudioError } from '../../api/errors';
import { asStudioError } from '../../api/errors';
import type { AttemptInfo, TaskStatus } from '../../api/schema';
import type { DagModel } from '../../models/dag';
import { canDebug, debugDraft } from '../../models/debugging';
import { isTaskOver } from '../../models/order';
import type { TaskModel } from '../../models/task';
import type { IStudio } from '../../tokens';
import { trans } from '../../trans';
import { Button } from '../Glyph';
import { ErrorNote } from '../Notes';
import { ClearForm } from './ClearForm';
import { MarkForm } from './MarkForm';

type Form = 'clear' | 'rerun' | 'mark' | 'stop';

export interface ITaskActionsProps {
  dag: DagModel;
  task: TaskModel;
  studio: IStudio;
  status: TaskStatus | null;
  attempt: AttemptInfo | null;
  /** Whether it has a notebook to open. */
  hasOutput: boolean;
  /** Which instance and which try is shown. */
  children: ReactNode;
}

/** What can be done with a task of a run. */
export function TaskActions(props: ITaskActionsProps): ReactElement {
  const { dag, task, studio, status, attempt, hasOutput, children } = props;
  const { client, host } = studio;
  const [form, setForm] = useState<Form | null>(null);
  const [isOpening, setOpening] = useState(false);
  const [error, setError] = useState<StudioError | null>(null);
  const { mapIndex, runId, taskId } = task.ref;
  const index = mapIndex < 0 ? null : mapIndex;
  const toggle = (wanted: Form): void => setForm(form === wanted ? null : wanted);
  const open = (): void => {
    setError(null);
    host
      .openNotebook(attempt === null ? task.ref : { ...task.ref, tryNumber: attempt.try_number })
      .catch((reason: unknown) => setError(asStudioError(reason)));
  };
  const debug = (): void => {
    const run = dag.run?.summary;
    if (host.editNotebook !== null && attempt !== null && run !== undefined) {
      setError(null);
      setOpening(true);
      debugDraft(client, run, task.ref, attempt)
        .then(host.editNotebook)
        .catch((reason: unknown) => setError(asStudioError(reason)))
        .finally(() => setOpening(false));
    }
  };
  const leave = (): void => setForm(null);
  return (
    <>
      <div className="jp-Studio-actions">
        {children}
        <span className="jp-Studio-space" />
        {hasOutput && host.hasTabs && (
          <Button glyph="open" title={trans.__('Open the output notebook')} disabled={attempt === null} onClick={open}>
            {trans.__('Open notebook')}
          </Button>
        )}
        {host.editNotebook !== null && canDebug(attempt) && (
          <Button
            title={trans.__('Debug: open a copy of what failed, with its parameters and its kernel')}
            disabled={isOpening}
            onClick={debug}
          >
            {trans.__('Debug')}
          </Button>
        )}
        {status !== null && !isTaskOver(status.state) && (
          <Button
            glyph="stop"
            title={trans.__('End this task, and say what it counts as…')}
            pressed={form === 'stop'}
            onClick={() => toggle('stop')}
          >
            {trans.__('Cancel…')}
          </Button>
        )}
        <Button
          glyph="again"
          title={trans.__('Run this task again…')}
          pressed={form === 'clear'}
          disabled={status === null}
          onClick={() => toggle('clear')}
        >
          {trans.__('Clear')}
        </Button>
        <Button
          title={trans.__('Run it again with other params…')}
          pressed={form === 'rerun'}
          disabled={status === null}
          onClick={() => toggle('rerun')}
        >
          {trans.__('Re-run with…')}
        </Button>
        <Button
          title={trans.__('Say how it ended…')}
          pressed={form === 'mark'}
          disabled={status === null}
          onClick={() => toggle('mark')}
        >
          {trans.__('Mark…')}
        </Button>
      </div>
      {error !== null && <ErrorNote error={error} />}
      {(form === 'clear' || form === 'rerun') && (
        <ClearForm
          key={form}
          client={client}
          dag={dag}
          runId={runId}
          taskId={taskId}
          mapIndex={index}
          isWithParams={form === 'rerun'}
          onDone={leave}
        />
      )}
      {(form === 'mark' || form === 'stop') && (
        <MarkForm
          key={form}
          client={client}
          dagId={dag.dagId}
          runId={runId}
          taskId={taskId}
          mapIndex={index}
          initial={form === 'stop' ? 'failed' : 'success'}
          onDone={leave}
        />
      )}
    </>
  );
}
