import type { IDisposable } from '@lumino/disposable';

import type { IStudioClient } from '../api/client';
import type { StudioError } from '../api/errors';
import { asStudioError } from '../api/errors';
import type { ServerMessage, TaskDetail } from '../api/schema';
import type { IStudioStream } from '../api/stream';
import type { ITaskRef } from '../host';
import { LogModel } from './log';
import { Model } from './model';
import { OutputModel } from './output';
import { ValuesModel } from './values';

/** A task instance: its attempts, why it waits, and what it shows. */
export class TaskModel extends Model {
  constructor(options: TaskModel.IOptions) {
    super();
    this._client = options.client;
    this._stream = options.stream;
    this.ref = options.task;
    this._output = this._makeOutput();
    const { dagId, runId, taskId, mapIndex } = options.task;
    this._topic = `${dagId}/${runId}/${taskId}/${mapIndex}`;
    options.stream.messages.connect(this._onMessages, this);
    this._subscription = options.stream.subscribe({ why: this._topic }, () => void this.refresh());
    void this.refresh();
  }

  readonly ref: ITaskRef;

  get detail(): TaskDetail | null {
    return this._detail;
  }

  /** Its cells: those of a notebook, or what another task shows like one. */
  get output(): OutputModel {
    return this._output;
  }

  /** The try that is shown, or null for the newest. */
  get tryNumber(): number | null {
    return this._tryNumber;
  }

  get error(): StudioError | null {
    return this._error;
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._subscription.dispose();
      this._output.dispose();
      super.dispose();
    }
  }

  /** Show another try, or with null always the newest. */
  showTry(tryNumber: number | null): void {
    this._tryNumber = tryNumber;
    this._output.dispose();
    this._output = this._makeOutput();
    this.emit();
  }

  /** The log of the try that is shown, to be disposed of by whoever looks at it. */
  openLog(): LogModel {
    return new LogModel({ client: this._client, stream: this._stream, task: this._shown() });
  }

  /** What the try that is shown has returned and saved; likewise. */
  openValues(): ValuesModel {
    return new ValuesModel({ client: this._client, task: this._shown() });
  }

  async refresh(): Promise<void> {
    try {
      this._detail = await this._client.call('get_task', this._target());
      this._error = null;
    } catch (reason) {
      this._error = asStudioError(reason);
    }
    this.emit();
  }

  private _onMessages(_: IStudioStream, messages: readonly ServerMessage[]): void {
    for (const message of messages) {
      if (message.type === 'why' && message.topic === this._topic && this._detail !== null) {
        this._detail = { ...this._detail, why: message.why };
        this.emit();
      }
    }
  }

  private _makeOutput(): OutputModel {
    return new OutputModel({ client: this._client, stream: this._stream, task: this._shown() });
  }

  private _shown(): ITaskRef {
    return this._tryNumber === null ? this.ref : { ...this.ref, tryNumber: this._tryNumber };
  }

  private _target(): { path: { dag_id: string; run_id: string; task_id: string }; query: { map_index: number } } {
    const { dagId, runId, taskId, mapIndex } = this.ref;
    return { path: { dag_id: dagId, run_id: runId, task_id: taskId }, query: { map_index: mapIndex } };
  }

  private readonly _client: IStudioClient;
  private readonly _stream: IStudioStream;
  private readonly _subscription: IDisposable;
  private readonly _topic: string;
  private _output: OutputModel;
  private _detail: TaskDetail | null = null;
  private _tryNumber: number | null = null;
  private _error: StudioError | null = null;
}

export namespace TaskModel {
  export interface IOptions {
    client: IStudioClient;
    stream: IStudioStream;
    task: ITaskRef;
  }
}
