import type { RunSummary, TaskState, TaskStatus } from '../api/schema';
import { doubted, isDoubted, isTaskOver, newer } from './order';

/** What a node of the graph shows. A mapped task has several instances; `mapped` counts them. */
export interface INodeStatus {
  readonly state: TaskState;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly tryNumber: number;
  readonly mapped: { readonly done: number; readonly total: number } | null;
}

/** Of several instances the first state of these that one has is the one to show. */
const MOST_TELLING: readonly TaskState[] = [
  'failed',
  'upstream_failed',
  'running',
  'stopping',
  'restarting',
  'awaiting_input',
  'up_for_retry',
  'up_for_reschedule',
  'deferred',
  'queued',
  'scheduled',
  'none',
  'cancelled',
  'success',
  'skipped',
  'removed'
];

/** Of several states the one to show; undefined if there are none. */
export function mostTelling(states: Iterable<TaskState>): TaskState | undefined {
  const present = new Set(states);
  return MOST_TELLING.find(state => present.has(state));
}

/** A run with the tasks of it that are known. Of two versions of anything the later one stays. */
export class RunModel {
  constructor(summary: RunSummary) {
    this._summary = summary;
  }

  get summary(): RunSummary {
    return this._summary;
  }

  /** Whether all tasks were fetched since the stream was last complete. */
  isComplete = false;

  /** The instances of a task by map index. */
  instances(taskId: string): readonly TaskStatus[] {
    return [...(this._tasks.get(taskId)?.values() ?? [])].sort((a, b) => a.map_index - b.map_index);
  }

  status(taskId: string): INodeStatus | null {
    const instances = this.instances(taskId);
    const first = instances[0];
    if (first === undefined) {
      return null;
    }
    const state = mostTelling(instances.map(one => one.state)) ?? first.state;
    const telling = instances.find(one => one.state === state) ?? first;
    const done = instances.filter(one => isTaskOver(one.state)).length;
    return {
      state,
      startedAt: telling.started_at,
      endedAt: telling.ended_at,
      tryNumber: telling.try_number,
      mapped: instances.length > 1 || first.map_index >= 0 ? { done, total: instances.length } : null
    };
  }

  apply(summary: RunSummary, tasks: readonly TaskStatus[]): void {
    this._summary = newer(this._summary, summary);
    for (const task of tasks) {
      let instances = this._tasks.get(task.task_id);
      if (instances === undefined) {
        instances = new Map();
        this._tasks.set(task.task_id, instances);
      }
      if (task.map_index >= 0) {
        instances.delete(-1); // it stood for them until their number was known
      } else if (instances.size > 0 && !instances.has(-1)) {
        continue;
      }
      instances.set(task.map_index, newer(instances.get(task.map_index), task));
    }
  }

  /** Whatever arrives from now on is newer. */
  doubt(): void {
    this.isComplete = false;
    this._summary = doubted(this._summary);
    for (const instances of this._tasks.values()) {
      instances.forEach((task, index) => instances.set(index, doubted(task)));
    }
  }

  /** All tasks were told: those that are doubted are no more. */
  complete(): void {
    this.isComplete = true;
    for (const [taskId, instances] of this._tasks) {
      for (const [index, task] of [...instances]) {
        if (isDoubted(task)) {
          instances.delete(index);
        }
      }
      if (instances.size === 0) {
        this._tasks.delete(taskId);
      }
    }
  }

  private _summary: RunSummary;
  private readonly _tasks = new Map<string, Map<number, TaskStatus>>();
}
