import type { IDisposable } from '@lumino/disposable';

import type { IStudioClient } from '../api/client';
import type { StudioError } from '../api/errors';
import { asStudioError } from '../api/errors';
import type { CellOutput, OutputChanged, ServerMessage, TaskOutput } from '../api/schema';
import type { IStudioStream } from '../api/stream';
import type { ITaskRef } from '../host';
import { Model } from './model';

const ELIDED = 5000; // milliseconds between two fetches of what the stream does not carry

/** The cells of a notebook task as they come. Without a try number it follows the newest try. */
export class OutputModel extends Model {
  constructor(options: OutputModel.IOptions) {
    super();
    const { dagId, runId, taskId, mapIndex } = options.task;
    this._client = options.client;
    this._task = options.task;
    this._topic = `${dagId}/${runId}/${taskId}/${mapIndex}`;
    if (options.task.tryNumber === undefined) {
      options.stream.messages.connect(this._onMessages, this);
      this._subscription = options.stream.subscribe({ output: this._topic }, () => {
        this._revs.clear(); // another server may count from the beginning
        this._rev = 0;
        void this.refresh();
      });
    }
    void this.refresh();
  }

  /** Null until it was fetched once. A cell that did not change stays the same object. */
  get cells(): readonly CellOutput[] | null {
    return this._cells;
  }

  /** Code cells finished. */
  get done(): number {
    return this._done;
  }

  /** Code cells. */
  get total(): number {
    return this._total;
  }

  get tryNumber(): number {
    return this._tryNumber;
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

  async refresh(): Promise<void> {
    const { dagId, runId, taskId, mapIndex, tryNumber } = this._task;
    try {
      const output = await this._client.call('get_output', {
        path: { dag_id: dagId, run_id: runId, task_id: taskId },
        query: { map_index: mapIndex, try_number: tryNumber }
      });
      this._onFetched(output);
      this._error = null;
    } catch (reason) {
      this._error = asStudioError(reason);
    }
    this.emit();
  }

  private _onFetched(output: TaskOutput): void {
    if (output.try_number < this._tryNumber) {
      return; // asked before the newest try began
    }
    if (output.try_number > this._tryNumber) {
      this._reset(output.try_number);
    }
    const gone = this._cells === null || output.rev >= this._rev;
    this._merge(output.cells, output.rev);
    if (gone) {
      this._cells = (this._cells ?? []).slice(0, output.cells.length);
      this._progress(output.cells_done, output.cells_total, output.rev);
    }
  }

  private _onMessages(_: IStudioStream, messages: readonly ServerMessage[]): void {
    let touched = false;
    for (const message of messages) {
      if (message.type === 'output' && message.topic === this._topic) {
        touched = this._onOutput(message) || touched;
      }
    }
    if (touched) {
      this.emit();
    }
  }

  private _onOutput(message: OutputChanged): boolean {
    if (message.try_number < this._tryNumber) {
      return false;
    }
    if (message.reset || message.try_number > this._tryNumber) {
      this._reset(message.try_number);
    }
    this._merge(message.cells, message.rev);
    if (message.cells.some(one => one.elided)) {
      this._refreshLater();
    }
    if (message.rev >= this._rev) {
      this._progress(message.cells_done, message.cells_total, message.rev);
    }
    return true;
  }

  /** Outputs that are too large for the stream are fetched, and not with every change. */
  private _refreshLater(): void {
    this._timer ??= setTimeout(() => {
      this._timer = null;
      void this.refresh();
    }, ELIDED);
  }

  private _reset(tryNumber: number): void {
    this._tryNumber = tryNumber;
    this._cells = null;
    this._revs.clear();
    this._rev = 0;
  }

  /** Put cells in where nothing newer stands. */
  private _merge(cells: readonly CellOutput[], rev: number): void {
    const merged = [...(this._cells ?? [])];
    for (const cell of cells) {
      if ((this._revs.get(cell.index) ?? 0) <= rev) {
        this._revs.set(cell.index, rev);
        merged[cell.index] = cell.elided ? { ...cell, outputs: merged[cell.index]?.outputs ?? [] } : cell;
      }
    }
    this._cells = merged;
  }

  private _progress(done: number, total: number, rev: number): void {
    this._done = done;
    this._total = total;
    this._rev = rev;
  }

  private readonly _client: IStudioClient;
  private readonly _task: ITaskRef;
  private readonly _topic: string;
  private readonly _subscription: IDisposable | null = null;
  private readonly _revs = new Map<number, number>(); // cell index → rev it came with
  private _cells: readonly CellOutput[] | null = null;
  private _timer: ReturnType<typeof setTimeout> | null = null;
  private _done = 0;
  private _total = 0;
  private _tryNumber = 0;
  private _rev = 0;
  private _error: StudioError | null = null;
}

export namespace OutputModel {
  export interface IOptions {
    client: IStudioClient;
    stream: IStudioStream;
    task: ITaskRef;
  }
}
