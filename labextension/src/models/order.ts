import type { RunState, RunSummary, TaskState } from '../api/schema';
import { RUN_TERMINAL, TASK_TERMINAL } from '../api/schema';

/** Of two versions of an object the one to keep; of equals the one that came last. */
export function newer<T extends { rev: number }>(known: T | undefined, arrived: T): T {
  return known !== undefined && known.rev > arrived.rev ? known : arrived;
}

/** Newest first, as the server lists runs. */
export function byNewest(a: RunSummary, b: RunSummary): number {
  return (
    Date.parse(b.run_after) - Date.parse(a.run_after) ||
    Date.parse(b.queued_at) - Date.parse(a.queued_at) ||
    (a.run_id < b.run_id ? 1 : a.run_id > b.run_id ? -1 : 0)
  );
}

/** `known` with `arrived` put in, newest first, at most `limit`. */
export function mergedRuns(known: readonly RunSummary[], arrived: readonly RunSummary[], limit: number): RunSummary[] {
  const runs = new Map(known.map(run => [run.run_id, run]));
  for (const run of arrived) {
    runs.set(run.run_id, newer(runs.get(run.run_id), run));
  }
  return [...runs.values()].sort(byNewest).slice(0, limit);
}

export function isRunOver(state: RunState): boolean {
  return RUN_TERMINAL.includes(state);
}

export function isTaskOver(state: TaskState): boolean {
  return TASK_TERMINAL.includes(state);
}
