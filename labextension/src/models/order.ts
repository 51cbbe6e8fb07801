import type { RunState, RunSummary, TaskState } from '../api/schema';
import { RUN_TERMINAL, TASK_TERMINAL } from '../api/schema';

/** Of two versions of an object the one to keep; of equals the one that came last. */
export function newer<T extends { rev: number }>(known: T | undefined, arrived: T): T {
  return known !== undefined && known.rev > arrived.rev ? known : arrived;
}

/** How many of its newest runs come with a DAG in the stream: `LATEST_RUNS` of the server's hub. */
const TOLD_RUNS = 14;

/** Less than any revision: see `doubted`. */
const DOUBTED = -1;

/**
 * What was not heard of for a while: anything that arrives is newer. Revisions count from the beginning when a thing
 * was deleted and made again, or another server answers.
 */
export function doubted<T extends { rev: number }>(known: T): T {
  return { ...known, rev: DOUBTED };
}

export function isDoubted({ rev }: { rev: number }): boolean {
  return rev === DOUBTED;
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

/**
 * Those of `known` that the newest runs of a DAG ought to hold and do not, as a message about the DAG tells them: they are
 * deleted, or so new that these were read before they began.
 */
export function missingRuns(known: readonly RunSummary[], newest: readonly RunSummary[]): RunSummary[] {
  const told = new Set(newest.map(run => run.run_id));
  const last = newest.length < TOLD_RUNS ? undefined : newest.at(-1);
  return known.filter(run => !told.has(run.run_id) && (last === undefined || byNewest(run, last) < 0));
}

export function isRunOver(state: RunState): boolean {
  return RUN_TERMINAL.includes(state);
}

export function isTaskOver(state: TaskState): boolean {
  return TASK_TERMINAL.includes(state);
}
