import type { ReactElement } from 'react';
import { useState } from 'react';

import type { CellTask } from '../api/schema';
import type { ILast, TaskCellsModel } from '../models/taskcells';
import { trans } from '../trans';
import { Button } from './Glyph';
import { useSignal } from './hooks';
import { StateIcon } from './StateIcon';
import { LOOKS } from './states';
import { runName } from './text';
import { Elapsed } from './Times';

export interface ITaskCellBarProps {
  model: TaskCellsModel;
  /** Which code cell of the notebook it is in by now. */
  indexOf: () => number;
  onRunHere: () => void;
  /** Resolves when the run has been started. Tells what goes wrong by itself. */
  onRun: (task: CellTask) => Promise<void>;
  onOpen: (task: CellTask, last: ILast) => void;
}

/** In the toolbar of a %%task cell: how its task went last, and two ways to run it. */
export function TaskCellBar({ model, indexOf, onRunHere, onRun, onOpen }: ITaskCellBarProps): ReactElement {
  useSignal(model.changed);
  const [isStarting, setStarting] = useState(false);
  const task = model.taskOf(indexOf());
  const last = task === null ? null : model.lastOf(task.id);
  const run = async (wanted: CellTask): Promise<void> => {
    setStarting(true);
    await onRun(wanted);
    setStarting(false);
  };
  return (
    <span className="jp-Studio-taskBar" role="group" aria-label={trans.__('The task of this cell')}>
      {task !== null && last !== null && (
        <Last last={last} timezone={model.dag?.dag?.timezone ?? 'UTC'} onOpen={() => onOpen(task, last)} />
      )}
      <Button glyph="play" title={trans.__('Run here, with a sample date')} onClick={onRunHere} />
      <Button
        glyph="server"
        title={
          isStarting
            ? trans.__('The notebook is being published…')
            : trans.__('Run on the server, with all that it needs')
        }
        disabled={task === null || isStarting}
        onClick={() => task !== null && void run(task)}
      />
    </span>
  );
}

function Last({ last, timezone, onOpen }: { last: ILast; timezone: string; onOpen: () => void }): ReactElement | null {
  const { run, status } = last;
  if (status === null) {
    return null;
  }
  const title = trans.__('%1 in the run %2: open it', LOOKS[status.state].label, runName(run, timezone));
  return (
    <button type="button" className="jp-Studio-taskBarLast" title={title} aria-label={title} onClick={onOpen}>
      <StateIcon state={status.state} />
      {status.mapped !== null && (
        <span>
          {status.mapped.done}/{status.mapped.total}
        </span>
      )}
      {status.startedAt !== null && (
        <span>
          <Elapsed start={status.startedAt} end={status.endedAt} />
        </span>
      )}
    </button>
  );
}
