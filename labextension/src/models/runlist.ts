import type { IDisposable } from '@lumino/disposable';

import type { IStudioClient } from '../api/client';
import type { StudioError } from '../api/errors';
import { asStudioError } from '../api/errors';
import type { DagSummary, RunPage, RunState, RunSummary, ServerMessage } from '../api/schema';
import type { IStudioStream } from '../api/stream';
import { addDays, isDay } from './days';
import { Model } from './model';
import { byNewest, doubted, missingRuns, newer } from './order';

const PAGE = 100; // runs
const MOST = 500; // runs in one answer
const REST = 300; // milliseconds: typing rests, runs have begun

/** Which runs are listed; what is empty does not matter. */
export interface IRunFilter {
  readonly states: readonly RunState[];
  readonly types: readonly string[];
  /** Days that runs are for: from this one … */
  readonly since: string;
  /** … to this one, both included. */
  readonly until: string;
  /** Part of the run id or the note. */
  readonly search: string;
}

export const ALL_RUNS: IRunFilter = { states: [], types: [], since: '', until: '', search: '' };

/** Runs of a DAG, or of all, newest first; filtered, page by page, live. */
export class RunListModel extends Model {
  constructor(options: RunListModel.IOptions) {
    super();
    this._client = options.client;
    this.dagId = options.dagId;
    options.stream.messages.connect(this._onMessages, this);
    const topics = options.dagId === null ? { dags: true } : { dagId: options.dagId };
    this._subscription = options.stream.subscribe(topics, () => {
      this._runs = this._runs?.map(doubted) ?? null;
      void this.refresh();
    });
  }

  /** Null: of all DAGs. */
  readonly dagId: string | null;

  get filter(): IRunFilter {
    return this._filter;
  }

  get isFiltered(): boolean {
    return JSON.stringify(this._filter) !== JSON.stringify(ALL_RUNS);
  }

  /** Null until they were fetched once. */
  get runs(): readonly RunSummary[] | null {
    return this._runs;
  }

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

  /** List others; what is left out stays. */
  set(filter: Partial<IRunFilter>): void {
    this._filter = { ...this._filter, ...filter };
    this.emit();
    this._refreshSoon();
  }

  /** Fetch what is shown anew. */
  async refresh(): Promise<void> {
    const limit = Math.min(Math.max(this._runs?.length ?? 0, PAGE), MOST);
    await this._fetch(limit, null);
  }

  async more(): Promise<void> {
    if (this._next !== null && !this._isFetching) {
      await this._fetch(PAGE, this._next);
    }
  }

  private async _fetch(limit: number, before: string | null): Promise<void> {
    this._asked += 1;
    const asked = this._asked;
    this._isFetching = true;
    let page: RunPage | null = null;
    try {
      const query = { ...queryOf(this._filter), limit, ...(before === null ? {} : { before }) };
      const own = this.dagId === null ? {} : { dag_id: this.dagId };
      page = await this._client.call('list_runs', { path: {}, query: { ...query, ...own } });
      this._error = null;
    } catch (reason) {
      this._error = asStudioError(reason);
    }
    if (asked !== this._asked) {
      return; // something else is wanted meanwhile
    }
    this._isFetching = false;
    if (page !== null) {
      const known = new Map((this._runs ?? []).map(run => [keyOf(run), run]));
      const fetched = page.runs.map(run => newer(known.get(keyOf(run)), run));
      const listed = before === null ? [] : (this._runs ?? []);
      const seen = new Set(listed.map(keyOf));
      this._runs = [...listed, ...fetched.filter(run => !seen.has(keyOf(run)))].sort(byNewest);
      this._next = page.next;
    }
    this.emit();
  }

  private _onMessages(_: IStudioStream, messages: readonly ServerMessage[]): void {
    for (const message of messages) {
      if (message.type === 'dag' && this._lacks(message.dag)) {
        this._refreshSoon();
      }
    }
    const arrived = messages.flatMap(message =>
      message.type === 'run' ? [message.run] : message.type === 'dag' && this.dagId === null ? message.dag.runs : []
    );
    const own = arrived.filter(run => this.dagId === null || run.dag_id === this.dagId);
    if (own.length === 0) {
      return;
    }
    if (this._runs === null) {
      this._refreshSoon(); // the first page may have been read before
      return;
    }
    const latest = new Map(own.map(run => [keyOf(run), run]));
    let isTouched = false;
    this._runs = this._runs.map(run => {
      const other = latest.get(keyOf(run));
      latest.delete(keyOf(run));
      isTouched ||= other !== undefined;
      return other === undefined ? run : newer(run, other);
    });
    const newest = this._runs[0];
    if ([...latest.values()].some(run => newest === undefined || byNewest(run, newest) < 0)) {
      this._refreshSoon(); // whether it fits the filter only the server knows
    }
    if (isTouched) {
      this.emit();
    }
  }

  private _lacks({ dag_id, runs }: DagSummary): boolean {
    const listed = (this._runs ?? []).filter(run => run.dag_id === dag_id);
    return missingRuns(listed, runs).length > 0;
  }

  private _refreshSoon(): void {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => void this.refresh(), REST);
  }

  private readonly _client: IStudioClient;
  private readonly _subscription: IDisposable;
  private _filter: IRunFilter = ALL_RUNS;
  private _runs: readonly RunSummary[] | null = null;
  private _next: string | null = null;
  private _isFetching = false;
  private _asked = 0;
  private _timer: ReturnType<typeof setTimeout> | undefined = undefined;
  private _error: StudioError | null = null;
}

export namespace RunListModel {
  export interface IOptions {
    client: IStudioClient;
    stream: IStudioStream;
    dagId: string | null;
  }
}

export function keyOf(run: RunSummary): string {
  return `${run.dag_id}/${run.run_id}`;
}

/** Days are those of the DAG's time zone, and of UTC for runs of several DAGs. */
function queryOf(filter: IRunFilter): Record<string, string> {
  const query: Record<string, string> = {};
  const put = (name: string, value: string): void => {
    if (value !== '') {
      query[name] = value;
    }
  };
  put('state', filter.states.join(','));
  put('type', filter.types.join(','));
  put('since', filter.since);
  put('until', isDay(filter.until) ? addDays(filter.until, 1) : '');
  put('search', filter.search.trim());
  return query;
}
