import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { IStudioClient } from '../api/client';
import type { StudioError } from '../api/errors';
import { asStudioError } from '../api/errors';
import type {
  DagDetail,
  DagSpec,
  DagSummary,
  RunDetail,
  RunSummary,
  ServerMessage,
  TaskState,
  TriggerRun
} from '../api/schema';
import type { IStudioStream } from '../api/stream';
import type { IGroup } from './groups';
import { Model } from './model';
import { doubted, isDoubted, mergedRuns, missingRuns, newer } from './order';
import type { INodeStatus } from './run';
import { RunModel } from './run';

const NONE: readonly IGroup[] = [];

/** What the graph needs of a task. */
export interface IGraphNode {
  readonly id: string;
  readonly kind: string;
  readonly upstream: readonly string[];
  readonly label: string;
  /** The group it is in; "": none. */
  readonly group?: string;
  /** Of a DAG of marked cells: names that it takes, and which task gives them ("": the run). */
  readonly reads?: readonly IRead[];
  /** Names that later tasks take from it. */
  readonly gives?: readonly string[];
}

export interface IRead {
  readonly name: string;
  readonly by: string;
}

/** `missing`: the server does not know the DAG (yet); it comes alive by itself once it is published. */
export type DagPhase = 'loading' | 'live' | 'missing' | 'offline';

/** A DAG: its graph, its newest runs, and the tasks of the run that is shown; live. */
export class DagModel extends Model {
  constructor(options: DagModel.IOptions) {
    super();
    this._client = options.client;
    this.dagId = options.dagId;
    this._limit = options.limit ?? 50;
    this._drawn = options.nodes ?? null;
    this._drawnGroups = options.groups ?? NONE;
    this._states = options.states ?? {};
    this._chosen = options.runId ?? null;
    options.stream.messages.connect(this._onMessages, this);
    // It is heard of as well if the DAG is published only later, or changed.
    this._subscription = options.stream.subscribe({ dagId: options.dagId }, () => {
      this._doubt();
      void this.refresh();
    });
    void this.refresh();
  }

  readonly dagId: string;

  get phase(): DagPhase {
    return this._phase;
  }

  /** Why the last fetch or action failed. */
  get error(): StudioError | null {
    return this._error;
  }

  get dag(): DagSummary | null {
    return this._dag;
  }

  get spec(): DagSpec | null {
    return this._spec;
  }

  /** The graph: as it was given, otherwise as the server has it. */
  get nodes(): readonly IGraphNode[] {
    return this._drawn ?? this._nodes;
  }

  /** What its tasks are grouped by. */
  get groups(): readonly IGroup[] {
    return this._drawn === null || this._drawnGroups.length === 0 ? (this._spec?.groups ?? NONE) : this._drawnGroups;
  }

  /** Newest first. */
  get runs(): readonly RunSummary[] {
    return this._summaries;
  }

  /** The run that is shown: the chosen one, otherwise the newest. */
  get run(): RunModel | null {
    const runId = this._chosen ?? this._summaries[0]?.run_id;
    return runId === undefined ? null : (this._runs.get(runId) ?? null);
  }

  /** Whether the newest run is shown, whichever it is. */
  get followsNewest(): boolean {
    return this._chosen === null;
  }

  /** The run that was chosen, or null while the newest is followed. */
  get chosen(): string | null {
    return this._chosen;
  }

  /** Emitted when a person chose another run. */
  get runChosen(): ISignal<this, string | null> {
    return this._runChosen;
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._subscription.dispose();
      super.dispose();
    }
  }

  /** What a node shows, or null if nothing is known of it in the run. */
  status(taskId: string): INodeStatus | null {
    const run = this.run;
    if (run !== null) {
      return run.status(taskId);
    }
    const state = this._states[taskId];
    return state === undefined ? null : { state, startedAt: null, endedAt: null, tryNumber: 0, mapped: null };
  }

  /** Show a run, or with null follow the newest. */
  show(runId: string | null): void {
    this._chosen = runId;
    this.emit();
    this._runChosen.emit(runId);
    void this._complete();
  }

  /** Draw this graph from now on, whatever the server has. A node that is the same as before stays the same object. */
  draw(nodes: readonly IGraphNode[]): void {
    const before = new Map((this._drawn ?? []).map(node => [node.id, node]));
    this._drawn = nodes.map(node => {
      const known = before.get(node.id);
      return known !== undefined && JSON.stringify(known) === JSON.stringify(node) ? known : node;
    });
    this.emit();
  }

  async refresh(): Promise<void> {
    const path = { dag_id: this.dagId };
    try {
      const [detail, page] = await Promise.all([
        this._client.call('get_dag', { path }),
        this._client.call('list_runs', { path: {}, query: { dag_id: this.dagId, limit: this._limit } })
      ]);
      this._put(detail);
      this._putRuns(page.runs);
      this._dropDoubted();
      this._phase = 'live';
      this._error = null;
    } catch (reason) {
      this._fail(reason);
    }
    this.emit();
    await this._complete();
  }

  /** Start a run as it is by default; what goes wrong becomes `error`. */
  async trigger(): Promise<void> {
    await this._act(() => this._client.call('trigger_run', { path: { dag_id: this.dagId }, body: {} }));
  }

  /** Start a run. Rejects with a `StudioError`, for a form to say it where it belongs. */
  async start(body: TriggerRun): Promise<RunSummary> {
    const detail = await this._client.call('trigger_run', { path: { dag_id: this.dagId }, body });
    this._putDetail(detail);
    this.emit();
    return detail.run;
  }

  async cancel(runId: string): Promise<void> {
    await this._act(() => this._client.call('cancel_run', { path: { dag_id: this.dagId, run_id: runId } }));
  }

  async setPaused(paused: boolean): Promise<void> {
    try {
      this._put(await this._client.call('update_dag', { path: { dag_id: this.dagId }, body: { paused } }));
      this._error = null;
    } catch (reason) {
      this._error = asStudioError(reason);
    }
    this.emit();
  }

  /**
   * Fetch all tasks of a run, unless they are known and kept current by the stream. What failed is asked again only
   * after something was heard of the run: this may be called whenever the model changes.
   */
  async complete(runId: string | undefined): Promise<void> {
    if (runId === undefined || this.isDisposed || this._phase !== 'live') {
      return;
    }
    if (this._runs.get(runId)?.isComplete === true || this._asked.has(runId) || this._refused.has(runId)) {
      return;
    }
    this._asked.add(runId);
    try {
      this._putDetail(await this._client.call('get_run', { path: { dag_id: this.dagId, run_id: runId } }));
    } catch (reason) {
      const error = asStudioError(reason);
      this._refused.add(runId);
      if (error.code === 'not_found') {
        this._runs.delete(runId);
      }
      this._error = error;
    } finally {
      this._asked.delete(runId);
    }
    this.emit();
  }

  /** The newest run that has the task; null: none of the newest has. */
  lastRunOf(taskId: string): RunModel | null {
    const last = this._summaries.find(({ subset }) => subset.length === 0 || subset.includes(taskId));
    return last === undefined ? null : (this._runs.get(last.run_id) ?? null);
  }

  private async _complete(): Promise<void> {
    await this.complete(this._chosen ?? this._summaries[0]?.run_id);
  }

  private async _act(action: () => Promise<RunDetail>): Promise<void> {
    try {
      this._putDetail(await action());
      this._error = null;
    } catch (reason) {
      this._error = asStudioError(reason);
    }
    this.emit();
  }

  private _onMessages(_: IStudioStream, messages: readonly ServerMessage[]): void {
    let touched = false;
    for (const message of messages) {
      if (message.type === 'run' && message.run.dag_id === this.dagId) {
        this._refused.delete(message.run.run_id);
        this._putRuns([message.run]);
        this._runs.get(message.run.run_id)?.apply(message.run, message.tasks);
        touched = true;
      } else if (message.type === 'dag' && message.dag.dag_id === this.dagId) {
        this._onDag(message.dag);
        touched = true;
      } else if (message.type === 'dag_removed' && message.dag_id === this.dagId) {
        this._phase = 'missing';
        touched = true;
      }
    }
    if (touched) {
      this.emit();
      void this._complete();
    }
  }

  private _onDag(dag: DagSummary): void {
    if (this._phase === 'missing' || dag.version !== this._dag?.version) {
      void this.refresh(); // the graph may be another one
    }
    this._dag = newer(this._dag ?? undefined, dag);
    const missing = missingRuns(this._summaries, dag.runs);
    if (missing.length > 0) {
      missing.forEach(run => this._runs.get(run.run_id)?.doubt());
      this._summaries = this._summaries.map(run => (missing.includes(run) ? doubted(run) : run));
      void this.refresh();
    }
  }

  /** Nothing was heard for a while: runs may be deleted, and a DAG of the same name be another one. */
  private _doubt(): void {
    this._dag = this._dag === null ? null : doubted(this._dag);
    this._summaries = this._summaries.map(doubted);
    this._runs.forEach(run => run.doubt());
    this._refused.clear();
  }

  /** Runs that are doubted and not among the newest that were fetched: deleted, or older than is listed. */
  private _dropDoubted(): void {
    const gone = this._summaries.filter(isDoubted);
    this._summaries = this._summaries.filter(run => !isDoubted(run));
    for (const { run_id } of gone) {
      if (run_id !== this._chosen) {
        this._runs.delete(run_id); // of the chosen one it is asked, and said if there is none
      }
    }
  }

  private _put(detail: DagDetail): void {
    this._dag = newer(this._dag ?? undefined, detail.dag);
    this._nodes = detail.tasks;
    this._spec = detail.spec;
  }

  private _putRuns(runs: readonly RunSummary[]): void {
    this._summaries = mergedRuns(this._summaries, runs, this._limit);
    for (const run of runs) {
      const known = this._runs.get(run.run_id);
      if (known === undefined) {
        this._runs.set(run.run_id, new RunModel(run));
      } else {
        known.apply(run, []);
      }
    }
  }

  private _putDetail(detail: RunDetail): void {
    this._putRuns([detail.run]);
    const run = this._runs.get(detail.run.run_id);
    run?.apply(detail.run, detail.tasks);
    if (run !== undefined) {
      run.complete();
    }
  }

  private _fail(reason: unknown): void {
    const error = asStudioError(reason);
    const isMissing = error.code === 'not_found';
    this._phase = isMissing ? 'missing' : 'offline';
    this._error = isMissing ? null : error;
  }

  private readonly _client: IStudioClient;
  private readonly _subscription: IDisposable;
  private readonly _runChosen = new Signal<this, string | null>(this);
  private readonly _limit: number;
  private _drawn: readonly IGraphNode[] | null;
  private readonly _drawnGroups: readonly IGroup[];
  private readonly _states: Readonly<Record<string, TaskState>>;
  private readonly _runs = new Map<string, RunModel>();
  private readonly _asked = new Set<string>(); // runs whose tasks are being fetched
  private readonly _refused = new Set<string>(); // runs whose tasks could not be fetched
  private _summaries: readonly RunSummary[] = [];
  private _nodes: readonly IGraphNode[] = [];
  private _dag: DagSummary | null = null;
  private _spec: DagSpec | null = null;
  private _chosen: string | null;
  private _phase: DagPhase = 'loading';
  private _error: StudioError | null = null;
}

export namespace DagModel {
  export interface IOptions {
    client: IStudioClient;
    stream: IStudioStream;
    dagId: string;
    /** Show this run instead of following the newest. */
    runId?: string | null;
    /** Draw this graph, whatever the server has. */
    nodes?: readonly IGraphNode[];
    /** What these are grouped by. */
    groups?: readonly IGroup[];
    /** What the tasks show until there is a run. */
    states?: Readonly<Record<string, TaskState>>;
    /** How many of the newest runs are kept; 50 by default. */
    limit?: number;
  }
}
