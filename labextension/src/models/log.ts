import type { IDisposable } from '@lumino/disposable';

import type { IStudioClient } from '../api/client';
import type { StudioError } from '../api/errors';
import { asStudioError } from '../api/errors';
import type { LogAppended, LogRecord, ServerMessage } from '../api/schema';
import type { IStudioStream } from '../api/stream';
import type { ITaskRef } from '../host';
import { Model } from './model';

export type LogLevel = LogRecord['level'];

export const LEVELS: readonly LogLevel[] = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'];

const MOST = 500; // records; of more, the oldest go
const PAUSE = 250; // milliseconds between two drawings of a log that grows

/** The end of a task's log as it grows, filtered. Without a try number it follows the newest try. */
export class LogModel extends Model {
  constructor(options: LogModel.IOptions) {
    super();
    const { dagId, runId, taskId, mapIndex } = options.task;
    this._client = options.client;
    this._task = options.task;
    this._topic = `${dagId}/${runId}/${taskId}/${mapIndex}`;
    if (options.task.tryNumber === undefined) {
      options.stream.messages.connect(this._onMessages, this);
      this._subscription = options.stream.subscribe({ log: this._topic }, () => void this.refresh());
    } else {
      void this.refresh();
    }
  }

  /** Null until they were fetched once. A record that is shown stays the same object. */
  get records(): readonly LogRecord[] | null {
    return this._records;
  }

  /** The beginning is left out. */
  get truncated(): boolean {
    return this._truncated;
  }

  /** The lowest that is shown. */
  get level(): LogLevel {
    return this._level;
  }

  get search(): string {
    return this._search;
  }

  get error(): StudioError | null {
    return this._error;
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._subscription?.dispose();
      if (this._timer !== null) {
        clearTimeout(this._timer);
      }
      super.dispose();
    }
  }

  /** Show records of `level` and above that hold `search`. */
  filter(level: LogLevel, search: string): void {
    this._level = level;
    this._search = search;
    this.emit();
    void this.refresh();
  }

  /** Fetch the end; one request at a time, and one more for all who asked meanwhile. */
  async refresh(): Promise<void> {
    this._isStale = true;
    if (this._isFetching) {
      return;
    }
    this._isFetching = true;
    while (this._isStale && !this.isDisposed) {
      this._isStale = false;
      await this._fetch();
    }
    this._isFetching = false;
  }

  private async _fetch(): Promise<void> {
    const { dagId, runId, taskId, mapIndex, tryNumber } = this._task;
    try {
      const log = await this._client.call('get_log', {
        path: { dag_id: dagId, run_id: runId, task_id: taskId },
        query: {
          map_index: mapIndex,
          try_number: tryNumber,
          level: this._level.toLowerCase(),
          search: this._search === '' ? undefined : this._search,
          tail: MOST
        }
      });
      this._attempt = log.attempt_id;
      this._records = log.records;
      this._truncated = log.truncated;
      this._end = log.end;
      this._error = null;
    } catch (reason) {
      this._error = asStudioError(reason);
    }
    this.emit();
  }

  private _onMessages(_: IStudioStream, messages: readonly ServerMessage[]): void {
    let touched = false;
    for (const message of messages) {
      if (message.type === 'log' && message.topic === this._topic) {
        touched = this._onAppended(message) || touched;
      }
    }
    if (touched) {
      this._emitSoon();
    }
  }

  private _onAppended(message: LogAppended): boolean {
    if (this._isFetching || message.attempt_id !== this._attempt || message.start > this._end) {
      if (this._isFetching || message.attempt_id !== this._attempt || message.end > this._end) {
        void this.refresh();
      }
      return false;
    }
    const search = this._search.toLowerCase();
    const added = message.records.filter(
      record =>
        record.offset >= this._end &&
        LEVELS.indexOf(record.level) >= LEVELS.indexOf(this._level) &&
        record.text.toLowerCase().includes(search)
    );
    this._end = Math.max(this._end, message.end);
    const records = [...(this._records ?? []), ...added];
    this._truncated ||= records.length > MOST;
    this._records = records.slice(-MOST);
    return added.length > 0;
  }

  private _emitSoon(): void {
    if (this._timer === null) {
      this.emit();
      this._isChanged = false;
      this._timer = setTimeout(() => {
        this._timer = null;
        if (this._isChanged) {
          this._emitSoon();
        }
      }, PAUSE);
    } else {
      this._isChanged = true;
    }
  }

  private readonly _client: IStudioClient;
  private readonly _task: ITaskRef;
  private readonly _topic: string;
  private readonly _subscription: IDisposable | null = null;
  private _level: LogLevel = 'DEBUG';
  private _search = '';
  private _attempt: number | null = null;
  private _records: readonly LogRecord[] | null = null;
  private _truncated = false;
  private _end = 0; // bytes of the log that are known
  private _timer: ReturnType<typeof setTimeout> | null = null;
  private _isChanged = false; // since it was drawn
  private _isFetching = false;
  private _isStale = false;
  private _error: StudioError | null = null;
}

export namespace LogModel {
  export interface IOptions {
    client: IStudioClient;
    stream: IStudioStream;
    task: ITaskRef;
  }
}
