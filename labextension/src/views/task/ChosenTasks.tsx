import type { ReactElement } from 'react';

import type { ChosenTask } from '../../api/schema';
import { trans } from '../../trans';
import type { IFetched } from '../hooks';
import { ErrorNote } from '../Notes';
import { andMore, counted } from '../text';

const NAMED = 8;

export interface IChosenTasksProps {
  preview: IFetched<unknown>;
  tasks: readonly ChosenTask[];
  count: number;
  words: (count: string) => string;
  none: string;
}

/** What an action would be about: how many, and the first of them by name. */
export function ChosenTasks({ preview, tasks, count, words, none }: IChosenTasksProps): ReactElement {
  if (preview.error !== null) {
    return <ErrorNote error={preview.error} onRetry={preview.again} />;
  }
  if (preview.value === null) {
    return <p className="jp-Studio-muted">{trans.__('Looking what that means…')}</p>;
  }
  if (count === 0) {
    return <p>{none}</p>;
  }
  const runs = new Set(tasks.map(task => task.run_id)).size;
  const names = [...new Set(tasks.map(task => task.task_id))];
  const what = counted(count, 'task');
  return (
    <p role="status">
      {words(runs > 1 ? trans.__('%1 of %2', what, counted(runs, 'run')) : what)}{' '}
      <span className="jp-Studio-muted">{andMore(names, NAMED)}</span>
    </p>
  );
}
