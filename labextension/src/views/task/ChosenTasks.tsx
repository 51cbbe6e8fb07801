import type { ReactElement } from 'react';

import type { ChosenTask } from '../../api/schema';
import type { IFetched } from '../hooks';
import { ErrorNote } from '../Notes';
import { counted } from '../text';

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
    return <p className="jp-Studio-muted">Looking what that means…</p>;
  }
  if (count === 0) {
    return <p>{none}</p>;
  }
  const runs = new Set(tasks.map(task => task.run_id)).size;
  const names = [...new Set(tasks.map(task => task.task_id))];
  const more = names.length > NAMED ? `, and ${names.length - NAMED} more` : '';
  return (
    <p role="status">
      {words(`${counted(count, 'task')}${runs > 1 ? ` of ${counted(runs, 'run')}` : ''}`)}{' '}
      <span className="jp-Studio-muted">{names.slice(0, NAMED).join(', ') + more}</span>
    </p>
  );
}
