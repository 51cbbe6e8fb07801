import type { IDisposable } from '@lumino/disposable';
import { DisposableDelegate } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import type { ICallOptions, IStudioClient } from '../src/api/client';
import { StudioError } from '../src/api/errors';
import type {
  CellOutput,
  Operation,
  Operations,
  RunSummary,
  ServerMessage,
  TaskState,
  TaskStatus
} from '../src/api/schema';
import type { IStudioStream, ITopics, StreamStatus } from '../src/api/stream';

type Answers = { [O in Operation]?: (options: ICallOptions<O>) => Operations[O]['answer'] };

/** Answers from a table; what is not in it is not found. */
export class FakeClient implements IStudioClient {
  constructor(readonly answers: Answers) {}

  readonly calls: string[] = [];

  call<O extends Operation>(operation: O, options: ICallOptions<O>): Promise<Operations[O]['answer']> {
    this.calls.push(operation);
    const answer = this.answers[operation];
    return answer === undefined
      ? Promise.reject(new StudioError({ code: 'not_found', message: `no ${operation}` }))
      : Promise.resolve(answer(options));
  }
}

/** Says what the test makes it say. */
export class FakeStream implements IStudioStream {
  readonly status: StreamStatus = 'open';
  readonly statusChanged = new Signal<this, StreamStatus>(this);
  readonly messages = new Signal<this, readonly ServerMessage[]>(this);
  readonly subscriptions = new Map<() => void, ITopics>();

  subscribe(topics: ITopics, onReady: () => void): IDisposable {
    this.subscriptions.set(onReady, topics);
    return new DisposableDelegate(() => void this.subscriptions.delete(onReady));
  }

  /** As after a reconnect. */
  ready(): void {
    this.subscriptions.forEach((_, onReady) => onReady());
  }
}

/** Let everything that was answered go through. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) {
    await Promise.resolve();
  }
}

export function run(runId: string, part: Partial<RunSummary> = {}): RunSummary {
  const at = '2013-01-01T00:00:00Z';
  return {
    dag_id: 'flights',
    run_id: runId,
    run_type: 'manual',
    state: 'running',
    cancelling: false,
    with_failures: false,
    version: 'v1',
    run_after: at,
    logical_date: null,
    queued_at: at,
    started_at: at,
    ended_at: null,
    triggered_by: '',
    params: {},
    counts: {},
    rev: 1,
    ending: null,
    reason: '',
    interval_start: null,
    interval_end: null,
    backfill: null,
    triggered_by_task: null,
    subset: [],
    note: '',
    ...part
  };
}

export function task(taskId: string, state: TaskState, rev = 1, mapIndex = -1): TaskStatus {
  return {
    task_id: taskId,
    map_index: mapIndex,
    state,
    try_number: 1,
    max_tries: 1,
    started_at: null,
    ended_at: null,
    retry_at: null,
    rev,
    map_path: [],
    label: '',
    note: '',
    waiting_since: null,
    looks: 0
  };
}

export function cell(index: number, source: string): CellOutput {
  return { index, cell_type: 'code', source, state: 'success', execution_count: 1, outputs: [], duration: 1, cpu: null, peak_memory: null, hidden: false, elided: false };
}
