import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { IStudioClient } from '../api/client';
import { urlOf } from '../api/client';
import type { StudioError } from '../api/errors';
import { asStudioError } from '../api/errors';
import type { ValueInfo } from '../api/schema';
import { routes } from '../api/schema';
import type { ITaskRef } from '../host';

/** What a try of a task has returned and saved. Fetched once, and again when it is told to. */
export class ValuesModel implements IDisposable {
  constructor(options: ValuesModel.IOptions) {
    this._client = options.client;
    this._task = options.task;
    void this.refresh();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Null until they were fetched once. */
  get values(): readonly ValueInfo[] | null {
    return this._values;
  }

  get error(): StudioError | null {
    return this._error;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      Signal.clearData(this);
    }
  }

  async refresh(): Promise<void> {
    const { mapIndex, tryNumber } = this._task;
    try {
      const found = await this._client.call('list_values', {
        path: this._path(),
        query: { map_index: mapIndex, try_number: tryNumber }
      });
      this._values = found.values;
      this._error = null;
    } catch (reason) {
      this._error = asStudioError(reason);
    }
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  /** Where its content is: a path of the API. */
  pathOf(value: ValueInfo): string {
    const { mapIndex, tryNumber } = this._task;
    const query = { map_index: mapIndex, try_number: tryNumber };
    return urlOf(routes.get_value.path, { ...this._path(), name: value.name }, query);
  }

  private _path(): { dag_id: string; run_id: string; task_id: string } {
    const { dagId, runId, taskId } = this._task;
    return { dag_id: dagId, run_id: runId, task_id: taskId };
  }

  private readonly _client: IStudioClient;
  private readonly _task: ITaskRef;
  private readonly _changed = new Signal<this, void>(this);
  private _values: readonly ValueInfo[] | null = null;
  private _error: StudioError | null = null;
  private _isDisposed = false;
}

export namespace ValuesModel {
  export interface IOptions {
    client: IStudioClient;
    task: ITaskRef;
  }
}
