import type { IDisposable } from '@lumino/disposable';

import type { IStudioClient } from '../api/client';
import type { StudioError } from '../api/errors';
import { asStudioError } from '../api/errors';
import type { RunAttempt, ServerMessage } from '../api/schema';
import type { IStudioStream } from '../api/stream';
import { Model } from './model';

const REST = 300; // milliseconds between a change of the run and the next fetch

/** The attempts of a run, live. */
export class GanttModel extends Model {
  constructor(options: GanttModel.IOptions) {
    super();
    this._client = options.client;
    this.dagId = options.dagId;
    this.runId = options.runId;
    options.stream.messages.connect(this._onMessages, this);
    this._subscription = options.stream.subscribe({ dagId: this.dagId }, () => void this.refresh());
  }

  readonly dagId: string;
  readonly runId: string;

  /** In the order in which they were queued; null until they were fetched once. */
  get attempts(): readonly RunAttempt[] | null {
    return this._attempts;
  }

  get error(): StudioError | null {
    return this._error;
  }

  override dispose(): void {
    if (!this.isDisposed) {
      clearTimeout(this._timer);
      this._subscription.dispose();
      super.dispose();
    }
  }

  async refresh(): Promise<void> {
    this._asked += 1;
    const asked = this._asked;
    try {
      const path = { dag_id: this.dagId, run_id: this.runId };
      const { attempts } = await this._client.call('list_attempts', { path });
      if (asked !== this._asked) {
        return; // a later answer is on its way, or has come
      }
      this._attempts = attempts;
      this._error = null;
    } catch (reason) {
      this._error = asStudioError(reason);
    }
    this.emit();
  }

  private _onMessages(_: IStudioStream, messages: readonly ServerMessage[]): void {
    const isOurs = messages.some(
      message => message.type === 'run' && message.run.dag_id === this.dagId && message.run.run_id === this.runId
    );
    if (isOurs && this._timer === undefined) {
      this._timer = setTimeout(() => {
        this._timer = undefined;
        void this.refresh();
      }, REST);
    }
  }

  private readonly _client: IStudioClient;
  private readonly _subscription: IDisposable;
  private _attempts: readonly RunAttempt[] | null = null;
  private _error: StudioError | null = null;
  private _asked = 0;
  private _timer: ReturnType<typeof setTimeout> | undefined = undefined;
}

export namespace GanttModel {
  export interface IOptions {
    client: IStudioClient;
    stream: IStudioStream;
    dagId: string;
    runId: string;
  }
}

/** A line of the chart: a task instance with its attempts. */
export interface IGanttLine {
  readonly taskId: string;
  readonly mapIndex: number;
  readonly attempts: readonly RunAttempt[];
}

/** By the start of the first attempt; instances of a mapped task stay together. */
export function ganttLines(attempts: readonly RunAttempt[]): IGanttLine[] {
  const lines = new Map<string, Map<number, RunAttempt[]>>();
  for (const attempt of attempts) {
    const task = lines.get(attempt.task_id) ?? new Map<number, RunAttempt[]>();
    lines.set(attempt.task_id, task);
    task.set(attempt.map_index, [...(task.get(attempt.map_index) ?? []), attempt]);
  }
  return [...lines].flatMap(([taskId, instances]) =>
    [...instances]
      .sort(([a], [b]) => a - b)
      .map(([mapIndex, found]) => ({ taskId, mapIndex, attempts: found }))
  );
}

/** A scale with round steps: where its marks are, in seconds from the start. */
export function ticksOf(seconds: number, most: number): number[] {
  const steps = [0.1, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];
  const step = steps.find(one => seconds / one <= most) ?? Math.ceil(seconds / most / 86400) * 86400;
  return Array.from({ length: Math.floor(seconds / step) + 1 }, (_, index) => index * step);
}
