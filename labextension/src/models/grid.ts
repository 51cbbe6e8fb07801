import type { IDisposable } from '@lumino/disposable';

import type { IStudioClient } from '../api/client';
import type { StudioError } from '../api/errors';
import { asStudioError } from '../api/errors';
import type { Grid, RunSummary, ServerMessage, TaskStatus } from '../api/schema';
import type { IStudioStream } from '../api/stream';
import type { IGridCell, IGridRow } from './gridcells';
import { cellOf, cellsOf, cellsOfGrid } from './gridcells';
import { Model } from './model';
import { byNewest, missingRuns, newer } from './order';

const PAGE = 100; // runs
const MOST = 400; // runs in one answer
const FEW = 4; // runs that are fetched one by one; of more the page is fetched
const REST = 250; // milliseconds, before what cannot be worked out from messages is fetched

/** The runs of a DAG with the states of their tasks, newest first; page by page, live. */
export class GridModel extends Model {
  constructor(options: GridModel.IOptions) {
    super();
    this._client = options.client;
    this.dagId = options.dagId;
    options.stream.messages.connect(this._onMessages, this);
    this._subscription = options.stream.subscribe({ dagId: options.dagId }, () => void this.refresh());
  }

  readonly dagId: string;

  /** Null until they were fetched once. A row that changes becomes another object. */
  get rows(): readonly IGridRow[] | null {
    return this._rows;
  }

  /** All tasks: of the DAG as it is, in its order, then those that only former versions had. */
  get tasks(): readonly string[] {
    return this._tasks;
  }

  /** Whether there are older runs than `rows`. */
  get hasMore(): boolean {
    return this._next !== null;
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

  /** Fetch what is shown anew. */
  async refresh(): Promise<void> {
    this._stale.clear();
    const since = this._heard;
    const limit = Math.min(Math.max(this._rows?.length ?? 0, PAGE), MOST);
    await this._fetch({ limit }, page => {
      const before = new Map(this._rows?.map(row => [row.run.run_id, row]));
      this._rows = this._merged([], page, before, since);
      this._next = page.next;
    });
    this._fetchStaleSoon();
  }

  /** Fetch the next page. */
  async more(): Promise<void> {
    if (this._next === null || this._isFetching) {
      return;
    }
    const since = this._heard;
    await this._fetch({ limit: PAGE, before: this._next }, page => {
      const rows = this._rows ?? [];
      this._rows = this._merged(rows, page, new Map(), since);
      this._next = page.next;
    });
  }

  private async _fetch(query: { limit: number; before?: string }, take: (page: Grid) => void): Promise<void> {
    this._isFetching = true;
    this._asked += 1;
    const asked = this._asked;
    try {
      const page = await this._client.call('get_grid', { path: { dag_id: this.dagId }, query });
      if (asked !== this._asked) {
        return; // of an older question: the later answer counts
      }
      const known = new Set(page.tasks);
      this._tasks = [...page.tasks, ...this._tasks.filter(task => !known.has(task))];
      take(page);
      this._error = null;
    } catch (reason) {
      this._error = asStudioError(reason);
    } finally {
      this._isFetching = asked !== this._asked;
    }
    this.emit();
  }

  /** `rows` and those of `page`; what messages told since the page was asked for is newer than the page. */
  private _merged(
    rows: readonly IGridRow[],
    page: Grid,
    before: ReadonlyMap<string, IGridRow>,
    since: number
  ): IGridRow[] {
    const merged = new Map(rows.map(row => [row.run.run_id, row]));
    for (const { run, cells } of page.rows) {
      const known = before.get(run.run_id);
      merged.set(run.run_id, this._kept(known, run, cellsOfGrid(cells, page.tasks), since));
    }
    for (const row of before.values()) {
      if (!merged.has(row.run.run_id) && (this._touched.get(row.run.run_id)?.last ?? 0) > since) {
        merged.set(row.run.run_id, row); // begun meanwhile
      }
    }
    return [...merged.values()].sort((a, b) => byNewest(a.run, b.run));
  }

  private _kept(
    known: IGridRow | undefined,
    run: RunSummary,
    fetched: Map<string, IGridCell>,
    since: number
  ): IGridRow {
    const touched = this._touched.get(run.run_id);
    if (known === undefined || touched === undefined) {
      return { run, cells: fetched };
    }
    for (const [task, heard] of touched.tasks) {
      const cell = known.cells.get(task);
      if (heard > since && cell !== undefined) {
        fetched.set(task, cell);
      }
    }
    return { run: touched.last > since ? newer(run, known.run) : run, cells: fetched };
  }

  private _onMessages(_: IStudioStream, messages: readonly ServerMessage[]): void {
    let isTouched = false;
    for (const message of messages) {
      if (message.type === 'dag' && message.dag.dag_id === this.dagId) {
        const runs = (this._rows ?? []).map(row => row.run);
        if (missingRuns(runs, message.dag.runs).length > 0) {
          void this.refresh();
        }
      }
      if (message.type !== 'run' || message.run.dag_id !== this.dagId) {
        continue;
      }
      if (this._rows === null) {
        this._stale.add(message.run.run_id); // the first page may have been read before
      } else {
        this._hear(message.run, message.tasks);
        isTouched = true;
      }
    }
    if (isTouched) {
      this.emit();
      this._fetchStaleSoon();
    }
  }

  private _hear(run: RunSummary, tasks: readonly TaskStatus[]): void {
    const rows = this._rows ?? [];
    const at = rows.findIndex(row => row.run.run_id === run.run_id);
    const row = rows[at];
    if (row === undefined && this._isOlder(run, rows)) {
      return; // of a page that was not asked for yet
    }
    this._heard += 1;
    const touched = this._touched.get(run.run_id) ?? { last: 0, tasks: new Map<string, number>() };
    touched.last = this._heard;
    this._touched.set(run.run_id, touched);
    if (row === undefined) {
      this._rows = [...rows, { run, cells: cellsOf(tasks) }].sort((a, b) => byNewest(a.run, b.run));
      const total = Object.values(run.counts).reduce((sum, count) => sum + count, 0);
      if (tasks.length < total) {
        this._stale.add(run.run_id);
      }
      tasks.forEach(task => touched.tasks.set(task.task_id, this._heard));
      return;
    }
    const cells = new Map(row.cells);
    for (const task of tasks) {
      if (task.map_index < 0 && (cells.get(task.task_id)?.total ?? 1) === 1) {
        cells.set(task.task_id, cellOf([task.state]));
        touched.tasks.set(task.task_id, this._heard);
      } else {
        this._stale.add(run.run_id); // how many of its instances are in which state is not told
      }
    }
    this._rows = rows.map((other, index) => (index === at ? { run: newer(row.run, run), cells } : other));
  }

  private _isOlder(run: RunSummary, rows: readonly IGridRow[]): boolean {
    const oldest = rows.at(-1);
    return this._next !== null && oldest !== undefined && byNewest(oldest.run, run) < 0;
  }

  private _fetchStaleSoon(): void {
    if (this._stale.size > 0 && this._timer === undefined && !this.isDisposed) {
      this._timer = setTimeout(() => {
        this._timer = undefined;
        void this._fetchStale();
      }, REST);
    }
  }

  private async _fetchStale(): Promise<void> {
    const stale = [...this._stale];
    this._stale.clear();
    const shown = new Set(this._rows?.map(row => row.run.run_id));
    if (stale.length > FEW || stale.some(runId => !shown.has(runId))) {
      await this.refresh();
    } else {
      await Promise.all(stale.map(runId => this._fetchRun(runId)));
      this.emit();
    }
    this._fetchStaleSoon();
  }

  private async _fetchRun(runId: string): Promise<void> {
    const since = this._heard;
    try {
      const path = { dag_id: this.dagId, run_id: runId };
      const { run, tasks } = await this._client.call('get_run', { path });
      this._rows = (this._rows ?? []).map(row =>
        row.run.run_id === runId ? this._kept(row, run, cellsOf(tasks), since) : row
      );
    } catch (reason) {
      this._error = asStudioError(reason);
    }
  }

  private readonly _client: IStudioClient;
  private readonly _subscription: IDisposable;
  private readonly _stale = new Set<string>();
  /** Of a run: the number of the last message about it, and about each of its tasks. */
  private readonly _touched = new Map<string, { last: number; tasks: Map<string, number> }>();
  private _heard = 0; // messages about runs so far
  private _rows: readonly IGridRow[] | null = null;
  private _tasks: readonly string[] = [];
  private _next: string | null = null;
  private _isFetching = false;
  private _asked = 0; // pages so far
  private _timer: ReturnType<typeof setTimeout> | undefined = undefined;
  private _error: StudioError | null = null;
}

export namespace GridModel {
  export interface IOptions {
    client: IStudioClient;
    stream: IStudioStream;
    dagId: string;
  }
}
