import type { IDisposable } from '@lumino/disposable';

import type { IStudioClient } from '../api/client';
import type { StudioError } from '../api/errors';
import { asStudioError } from '../api/errors';
import type {
  BackfillInfo,
  ChangeBackfill,
  RunDetail,
  RunState,
  RunSummary,
  ServerMessage,
  TaskStatus
} from '../api/schema';
import type { IStudioStream } from '../api/stream';
import { Model } from './model';
import { byNewest, doubted, isRunOver, newer } from './order';

const PAGE = 500; // runs that are fetched at once
const MOST = 5000; // runs that are kept
const MOST_RELEASED = 60; // runs that are looked for by their dates
const MOST_FAILURES = 30; // runs whose failed tasks are fetched
const SOON = 300; // milliseconds until the counts are fetched after a change of a run

/** A failed run of a backfill, with the tasks to blame; null until they are fetched. */
export interface IFailure {
  readonly run: RunSummary;
  readonly tasks: readonly TaskStatus[] | null;
}

/** How far a backfill is. */
export interface IProgress {
  readonly counts: Readonly<Partial<Record<RunState, number>>>;
  readonly ended: number;
  readonly total: number;
}

/** As the server counts; a run that was cleared after the backfill was done is not among them. */
export function progressOf({ counts, ended, runs }: BackfillInfo): IProgress {
  const known = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return { counts: { ...counts, queued: (counts['queued'] ?? 0) + Math.max(runs - known, 0) }, ended, total: Math.max(known, runs) };
}

/** A backfill that was made: how far it is, its runs, and what has failed; live. */
export class BackfillModel extends Model {
  constructor(options: BackfillModel.IOptions) {
    super();
    this.id = options.id;
    this._client = options.client;
    this._info = options.info ?? null;
    this.dagId = options.dagId;
    options.stream.messages.connect(this._onMessages, this);
    this._subscription = options.stream.subscribe({ dagId: options.dagId }, () => {
      this._runs.forEach((run, id) => this._runs.set(id, doubted(run)));
      void this.refresh();
    });
    void this.refresh();
  }

  readonly id: number;
  readonly dagId: string;

  get info(): BackfillInfo | null {
    return this._info;
  }

  /** Newest first. */
  get runs(): readonly RunSummary[] {
    return [...this._runs.values()].sort(byNewest);
  }

  /** The newest first; of many the first `MOST_FAILURES` have tasks. */
  get failures(): readonly IFailure[] {
    return this.runs
      .filter(run => run.state === 'failed')
      .map(run => ({ run, tasks: this._failed.get(run.run_id) ?? null }));
  }

  get error(): StudioError | null {
    return this._error;
  }

  /** Whether an action waits for its answer. */
  get isBusy(): boolean {
    return this._isBusy;
  }

  /** How far it is; null until it is known. */
  get progress(): IProgress | null {
    if (this._info === null || this._runs.size < this._info.runs) {
      return this._info === null ? null : progressOf(this._info);
    }
    const counts: Partial<Record<RunState, number>> = {};
    let ended = 0;
    for (const { state } of this._runs.values()) {
      counts[state] = (counts[state] ?? 0) + 1;
      ended += Number(isRunOver(state));
    }
    return { counts, ended, total: this._runs.size };
  }

  /** Whether nothing of it will happen any more by itself. */
  get isOver(): boolean {
    const { _info: info, progress } = this;
    return info !== null && progress !== null && !isActive(info) && progress.ended >= progress.total;
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._subscription.dispose();
      clearTimeout(this._soon);
      super.dispose();
    }
  }

  async refresh(): Promise<void> {
    try {
      await Promise.all([this._fetchInfo(), this._fetchRuns()]);
      await this._fetchReleased();
      this._error = null;
    } catch (reason) {
      this._error = asStudioError(reason);
    }
    this.emit();
    await this._fetchFailures();
  }

  pause(): Promise<void> {
    return this._change({ action: 'pause' });
  }

  resume(): Promise<void> {
    return this._change({ action: 'unpause' });
  }

  cancel(stopRunning: boolean): Promise<void> {
    return this._change({ action: 'cancel', stop_running: stopRunning });
  }

  /** Add runs up to a later day. */
  extend(end: string): Promise<void> {
    return this._change({ action: 'extend', end });
  }

  limit(atOnce: number): Promise<void> {
    return this._change({ action: 'limit', max_active_runs: atOnce });
  }

  /** Run again what failed, and what could not run because of it, in all runs that failed. */
  async repair(): Promise<void> {
    const failed = this.failures.map(({ run }) => run.run_id);
    await this._act(async () => {
      const body = { run_ids: failed, only_failed: true, downstream: true };
      await this._client.call('clear_runs', { path: { dag_id: this.dagId }, body });
    });
    await this.refresh();
  }

  private async _change(body: ChangeBackfill): Promise<void> {
    await this._act(async () => {
      const path = { backfill_id: String(this.id) };
      this._info = await this._client.call('change_backfill', { path, body });
    });
    this._lookSoon();
  }

  private async _act(action: () => Promise<void>): Promise<void> {
    this._isBusy = true;
    this.emit();
    try {
      await action();
      this._error = null;
    } catch (reason) {
      this._error = asStudioError(reason);
    }
    this._isBusy = false;
    this.emit();
  }

  private async _fetchInfo(): Promise<void> {
    const path = { backfill_id: String(this.id) };
    this._info = await this._client.call('get_backfill', { path });
  }

  private async _fetchRuns(): Promise<void> {
    let before: string | undefined = undefined;
    do {
      const query: { backfill: number; limit: number; before: string | undefined } = {
        backfill: this.id,
        limit: PAGE,
        before
      };
      const page: { runs: RunSummary[]; next: string | null } = await this._client.call('list_runs', {
        path: {},
        query: { dag_id: this.dagId, ...query }
      });
      page.runs.forEach(run => this._put(run));
      before = page.next ?? undefined;
    } while (before !== undefined && this._runs.size < MOST);
  }

  /**
   * A run that is cleared when its backfill is done belongs to none any more, but it is about one of its dates: it is
   * found by its date, and followed like the others.
   */
  private async _fetchReleased(): Promise<void> {
    const info = this._info;
    if (info?.start == null || info.end === null || this._runs.size >= info.runs) {
      return;
    }
    const body = { start: info.start, end: info.end };
    const { runs } = await this._client.call('preview_backfill', { path: { dag_id: this.dagId }, body });
    const others = runs.map(run => run.run_id).filter(id => id !== null && !this._runs.has(id));
    for (const runId of others.slice(0, MOST_RELEASED) as string[]) {
      const found = await this._client
        .call('get_run', { path: { dag_id: this.dagId, run_id: runId } })
        .catch(() => null); // a date without a run
      if (found !== null && found.run.run_type === 'backfill' && found.run.backfill === null) {
        this._put(found.run);
      }
    }
  }

  /** Of the runs that failed, which tasks are to blame. */
  private async _fetchFailures(): Promise<void> {
    const unknown = this.failures.slice(0, MOST_FAILURES).filter(({ tasks }) => tasks === null);
    for (const { run } of unknown) {
      if (this.isDisposed || this._asked.has(run.run_id)) {
        continue;
      }
      this._asked.add(run.run_id);
      try {
        const path = { dag_id: this.dagId, run_id: run.run_id };
        this._putFailed(await this._client.call('get_run', { path }));
        this.emit();
      } catch (reason) {
        this._error = asStudioError(reason);
      }
      this._asked.delete(run.run_id);
    }
  }

  private _putFailed(detail: RunDetail): void {
    if (detail.run.state === 'failed') {
      this._failed.set(
        detail.run.run_id,
        detail.tasks.filter(task => task.state === 'failed')
      );
    }
  }

  private _put(run: RunSummary): void {
    const kept = newer(this._runs.get(run.run_id), run);
    this._runs.set(run.run_id, kept);
    if (kept.state !== 'failed') {
      this._failed.delete(run.run_id);
    }
  }

  private _onMessages(_: IStudioStream, messages: readonly ServerMessage[]): void {
    let touched = false;
    for (const message of messages) {
      if (message.type === 'run' && message.run.dag_id === this.dagId && this._isOwn(message.run)) {
        this._put(message.run);
        touched = true;
      } else if (message.type === 'backfill' && message.backfill_id === this.id) {
        this._lookSoon();
      }
    }
    if (touched) {
      this.emit();
      this._lookSoon();
      void this._fetchFailures();
    }
  }

  private _isOwn(run: RunSummary): boolean {
    return run.backfill === this.id || (run.backfill === null && this._runs.has(run.run_id));
  }

  /** Fetch the counts, once for many changes. */
  private _lookSoon(): void {
    if (this._isLooking || this.isDisposed) {
      return;
    }
    this._isLooking = true;
    this._soon = setTimeout(() => {
      this._isLooking = false;
      this._fetchInfo()
        .then(() => (this._error = null))
        .catch((reason: unknown) => (this._error = asStudioError(reason)))
        .finally(() => this.emit());
    }, SOON);
  }

  private readonly _client: IStudioClient;
  private readonly _subscription: IDisposable;
  private readonly _runs = new Map<string, RunSummary>();
  private readonly _failed = new Map<string, readonly TaskStatus[]>(); // run id → tasks to blame
  private readonly _asked = new Set<string>();
  private _soon: ReturnType<typeof setTimeout> | undefined = undefined;
  private _info: BackfillInfo | null;
  private _error: StudioError | null = null;
  private _isBusy = false;
  private _isLooking = false;
}

export function isActive(info: BackfillInfo): boolean {
  return info.state === 'running' || info.state === 'paused';
}

export namespace BackfillModel {
  export interface IOptions {
    client: IStudioClient;
    stream: IStudioStream;
    dagId: string;
    id: number;
    /** What is known of it already. */
    info?: BackfillInfo;
  }
}
