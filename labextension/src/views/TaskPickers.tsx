import type { ReactElement } from 'react';

import type { AttemptInfo, TaskStatus } from '../api/schema';
import type { FocusModel } from '../models/focus';
import type { TaskModel } from '../models/task';
import { trans } from '../trans';
import { LOOKS } from './states';

/** Which try is shown. */
export function Tries({ task, attempts }: { task: TaskModel; attempts: readonly AttemptInfo[] }): ReactElement {
  return (
    <label className="jp-Studio-picker">
      {trans.__('Try')}
      <select
        value={task.tryNumber ?? 'newest'}
        onChange={event => task.showTry(event.target.value === 'newest' ? null : Number(event.target.value))}
      >
        <option value="newest">{trans.__('newest')}</option>
        {[...attempts].reverse().map(attempt => (
          <option key={attempt.id} value={attempt.try_number}>
            {`${LOOKS[attempt.state].glyph}  ${attempt.try_number} · ${LOOKS[attempt.state].label}`}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Which instance of a mapped task is shown. */
export function Instances(props: { focus: FocusModel; instances: readonly TaskStatus[]; shown: number }): ReactElement {
  const { focus, instances, shown } = props;
  return (
    <label className="jp-Studio-picker">
      {trans.__('Instance')}
      <select value={shown} onChange={event => focus.choose(focus.taskId, Number(event.target.value))}>
        {instances.map(one => (
          <option key={one.map_index} value={one.map_index}>
            {`${LOOKS[one.state].glyph}  ${one.map_index} · ${LOOKS[one.state].label}`}
          </option>
        ))}
      </select>
    </label>
  );
}
