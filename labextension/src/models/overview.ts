import type { IDisposable } from '@lumino/disposable';

import type { IStudioClient } from '../api/client';
import type { StudioError } from '../api/errors';
import { asStudioError } from '../api/errors';
import type { RunPage, ServerMessage } from '../api/schema';
import type { IStudioStream } from '../api/stream';
import { Model } from './model';

const MOST_ACTIVE = 500; // runs in one answer
const FAILED = 12; // runs
const REST = 300; // milliseconds, in which changes are gathered

/** The runs of all DAGs that go on, and those that failed last, by what the server has of them; live. */
export class OverviewModel extends Model {
  constructor(options: OverviewModel.IOptions) {
    super();
    this._client = options.client;
    options.stream.messages.connect(this._onMessages, this);
    this._subscription = options.stream.subscribe({ dags: true }, () => void this.refresh());
  }

  /** Newest first; `next` if there are more than one page. Null until they were fetched once. */
  get active(): RunPage | null {
    return this._active;
  }

  /** The newest ones. */
  get failed(): RunPage | null {
    return this._failed;
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
      const [active, failed] = await Promise.all([
        this._client.call('list_runs', { path: {}, query: { state: 'running,queued', limit: MOST_ACTIVE } }),
        this._client.call('list_runs', { path: {}, query: { state: 'failed', limit: FAILED } })
      ]);
      if (asked === this._asked) {
        [this._active, this._failed, this._error] = [active, failed, null];
      }
    } catch (reason) {
      this._error = asStudioError(reason);
    }
    if (!this.isDisposed) {
      this.emit();
    }
  }

  /** A DAG is told anew whenever a run of it has another state, however old the run is. */
  private _onMessages(_: IStudioStream, messages: readonly ServerMessage[]): void {
    if (this._timer === undefined && messages.some(({ type }) => type === 'dag' || type === 'dag_removed')) {
      this._timer = setTimeout(() => {
        this._timer = undefined;
        void this.refresh();
      }, REST);
    }
  }

  private readonly _client: IStudioClient;
  private readonly _subscription: IDisposable;
  private _active: RunPage | null = null;
  private _failed: RunPage | null = null;
  private _error: StudioError | null = null;
  private _asked = 0;
  private _timer: ReturnType<typeof setTimeout> | undefined = undefined;
}

export namespace OverviewModel {
  export interface IOptions {
    client: IStudioClient;
    stream: IStudioStream;
  }
}
