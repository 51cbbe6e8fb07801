import type { IDisposable } from '@lumino/disposable';

import type { IStudioClient } from '../api/client';
import type { StudioError } from '../api/errors';
import { asStudioError } from '../api/errors';
import type { BackfillInfo, ServerMessage } from '../api/schema';
import type { IStudioStream } from '../api/stream';
import { isActive, progressOf } from './backfill';
import { Model } from './model';

const PAGE = 50; // backfills
const MOST = 500; // in one answer
const REST = 300; // milliseconds, in which changes are gathered

export type BackfillState = BackfillInfo['state'];

/** In the order in which one looks for them. */
export const BACKFILL_STATES: readonly BackfillState[] = ['running', 'paused', 'done', 'cancelled'];

/** The backfills of all DAGs, newest first; filtered by state, live. */
export class BackfillListModel extends Model {
  constructor(options: BackfillListModel.IOptions) {
    super();
    this._client = options.client;
    options.stream.messages.connect(this._onMessages, this);
    this._subscription = options.stream.subscribe({ dags: true }, () => void this.refresh());
  }

  /** Empty: all. */
  get states(): readonly BackfillState[] {
    return this._states;
  }

  /** Null until they were fetched once. */
  get backfills(): readonly BackfillInfo[] | null {
    return this._backfills;
  }

  get hasMore(): boolean {
    return this._limit < MOST && (this._backfills?.length ?? 0) >= this._limit;
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

  /** List those in this state, too; or no more. */
  toggle(state: BackfillState): void {
    const isChosen = this._states.includes(state);
    this._states = isChosen ? this._states.filter(other => other !== state) : [...this._states, state];
    this._limit = PAGE;
    this.emit();
    void this.refresh();
  }

  async more(): Promise<void> {
    this._limit = Math.min(MOST, 2 * this._limit);
    await this.refresh();
  }

  /** Fetch what is shown anew. */
  async refresh(): Promise<void> {
    clearTimeout(this._timer);
    this._isWaiting = false;
    this._touched.clear();
    this._isAllTouched = false;
    this._asked += 1;
    const asked = this._asked;
    const query: { limit: number; state?: string } = { limit: this._limit };
    if (this._states.length > 0) {
      query.state = this._states.join(',');
    }
    let found: readonly BackfillInfo[] | null = null;
    let error: StudioError | null = null;
    try {
      found = (await this._client.call('list_backfills', { path: {}, query })).backfills;
    } catch (reason) {
      error = asStudioError(reason);
    }
    if (asked === this._asked && !this.isDisposed) {
      this._backfills = found ?? this._backfills;
      this._error = error;
      this.emit();
    }
  }

  private _onMessages(_: IStudioStream, messages: readonly ServerMessage[]): void {
    for (const message of messages) {
      if (message.type === 'backfill') {
        this._isAllTouched = true; // it may be new, or fit the filter no more
      } else if (message.type === 'dag') {
        // A run of the DAG has another state: what goes on counts its runs anew, or, cancelled, waits for the last ones.
        for (const info of this._backfills ?? []) {
          if (info.dag_id === message.dag.dag_id && goesOn(info)) {
            this._touched.add(info.id);
          }
        }
      } else if (message.type === 'dag_removed') {
        this._isAllTouched ||= this._backfills?.some(info => info.dag_id === message.dag_id) ?? false;
      }
    }
    if ((this._isAllTouched || this._touched.size > 0) && !this._isWaiting) {
      this._isWaiting = true;
      this._timer = setTimeout(() => {
        this._isWaiting = false;
        void (this._isAllTouched ? this.refresh() : this._renew());
      }, REST);
    }
  }

  /** Fetch those that have gone on. */
  private async _renew(): Promise<void> {
    const ids = [...this._touched];
    this._touched.clear();
    try {
      const renewed = await Promise.all(
        ids.map(id => this._client.call('get_backfill', { path: { backfill_id: String(id) } }))
      );
      const latest = new Map(renewed.map(info => [info.id, info]));
      this._backfills = this._backfills?.map(info => latest.get(info.id) ?? info) ?? null;
      this._error = null;
    } catch (reason) {
      this._error = asStudioError(reason);
    }
    this.emit();
  }

  private readonly _client: IStudioClient;
  private readonly _subscription: IDisposable;
  private readonly _touched = new Set<number>(); // backfills whose runs have changed
  private _isAllTouched = false;
  private _isWaiting = false;
  private _states: readonly BackfillState[] = [];
  private _limit = PAGE;
  private _asked = 0;
  private _backfills: readonly BackfillInfo[] | null = null;
  private _error: StudioError | null = null;
  private _timer: ReturnType<typeof setTimeout> | undefined = undefined;
}

export namespace BackfillListModel {
  export interface IOptions {
    client: IStudioClient;
    stream: IStudioStream;
  }
}

function goesOn(info: BackfillInfo): boolean {
  const { ended, total } = progressOf(info);
  return isActive(info) || ended < total;
}
