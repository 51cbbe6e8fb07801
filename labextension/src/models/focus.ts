import type { IStudioClient } from '../api/client';
import type { IStudioStream } from '../api/stream';
import type { DagModel } from './dag';
import { Model } from './model';
import type { TaskTab } from './place';
import { TaskModel } from './task';

/** Which task of a DAG is looked at; it goes along when another run is shown. */
export class FocusModel extends Model {
  constructor(options: FocusModel.IOptions) {
    super();
    this._dag = options.dag;
    this._client = options.client;
    this._stream = options.stream;
    this._taskId = options.taskId ?? null;
    this._mapIndex = options.mapIndex ?? null;
    this._tab = options.tab ?? null;
    this._dag.changed.connect(this._update, this);
    this._update();
  }

  get taskId(): string | null {
    return this._taskId;
  }

  /** Of a mapped task; null: the first instance. */
  get mapIndex(): number | null {
    return this._mapIndex;
  }

  /** What is shown of the task; null: what tells most. It goes along to other tasks. */
  get tab(): TaskTab | null {
    return this._tab;
  }

  /** Null if no task is chosen, or the run has no instance of it. */
  get task(): TaskModel | null {
    return this._task;
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._task?.dispose();
      super.dispose();
    }
  }

  choose(taskId: string | null, mapIndex: number | null = null): void {
    this._taskId = taskId;
    this._mapIndex = mapIndex;
    this._update();
    this.emit();
  }

  show(tab: TaskTab | null): void {
    this._tab = tab;
    this.emit();
  }

  /** Make the TaskModel of what is shown now, and let it know of changes. */
  private _update(): void {
    const run = this._dag.run;
    const instances = this._taskId === null || run === null ? [] : run.instances(this._taskId);
    const status = instances.find(one => one.map_index === this._mapIndex) ?? instances[0];
    const key =
      run === null || status === undefined ? '' : `${run.summary.run_id}/${status.task_id}/${status.map_index}`;
    if (key !== this._key) {
      this._key = key;
      this._task?.dispose();
      this._task = null;
      if (run !== null && status !== undefined) {
        const ref = {
          dagId: this._dag.dagId,
          runId: run.summary.run_id,
          taskId: status.task_id,
          mapIndex: status.map_index
        };
        this._task = new TaskModel({ client: this._client, stream: this._stream, task: ref });
      }
      this.emit();
    } else if (status !== undefined && status.rev !== this._rev) {
      void this._task?.refresh();
    }
    this._rev = status?.rev ?? 0;
  }

  private readonly _dag: DagModel;
  private readonly _client: IStudioClient;
  private readonly _stream: IStudioStream;
  private _task: TaskModel | null = null;
  private _taskId: string | null;
  private _mapIndex: number | null;
  private _tab: TaskTab | null;
  private _key = '';
  private _rev = 0;
}

export namespace FocusModel {
  export interface IOptions {
    dag: DagModel;
    client: IStudioClient;
    stream: IStudioStream;
    taskId?: string | null;
    /** Of a mapped task; without it the first instance. */
    mapIndex?: number | null;
    tab?: TaskTab | null;
  }
}
