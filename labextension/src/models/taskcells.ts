import type { IStudioClient } from '../api/client';
import type { CellTask, RunSummary } from '../api/schema';
import type { IStudioStream } from '../api/stream';
import { trans } from '../trans';
import type { INotebookCells } from './checkedcells';
import { CheckedCells } from './checkedcells';
import { DagModel } from './dag';
import { Model } from './model';
import type { INodeStatus } from './run';

const RUNS = 14; // among which the last one of a task is looked for

/** How a task went, in the newest run that has it. */
export interface ILast {
  readonly run: RunSummary;
  /** null: it is being fetched. */
  readonly status: INodeStatus | null;
}

/** The %%task cells of an open notebook: which tasks they are, how these went last, and a run of one on the server. */
export class TaskCellsModel extends Model {
  constructor({ client, stream, cells }: TaskCellsModel.IOptions) {
    super();
    this._client = client;
    this._stream = stream;
    this._checked = new CheckedCells(client, cells);
    this._checked.changed.connect(this._onChecked, this);
  }

  /** The DAG of the %dag cell; null: there is none, or the cells were not checked yet. */
  get dag(): DagModel | null {
    return this._dag;
  }

  /** The task of a code cell, counted from 0; null if it is none, or none that can be made out. */
  taskOf(cell: number): CellTask | null {
    return this._checked.found?.tasks.find(task => task.cell === cell) ?? null;
  }

  /** null: it has not run, as far as is known. */
  lastOf(taskId: string): ILast | null {
    const run = this._dag?.lastRunOf(taskId) ?? null;
    if (run === null) {
      return null;
    }
    return { run: run.summary, status: run.status(taskId) };
  }

  /**
   * Publish the notebook, as it is saved at `path`, and start a run of a task and of all that it needs.
   *
   * Rejects with a `StudioError`.
   */
  async run(path: string, task: CellTask): Promise<RunSummary> {
    const { dags } = await this._client.call('publish_file', { path: {}, body: { path } });
    const dag = this._dag;
    if (dag === null || !dags.some(({ dag_id }) => dag_id === dag.dagId)) {
      throw new Error(trans.__('The notebook, as it is saved, does not define the DAG of this cell.'));
    }
    return dag.start({ subset: this._withUpstream(task), note: trans.__('From the cell of %1', task.id) });
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._dag?.dispose();
      this._checked.dispose();
      super.dispose();
    }
  }

  private _withUpstream(task: CellTask): string[] {
    const tasks = new Map((this._checked.found?.tasks ?? []).map(one => [one.id, one]));
    const needed = new Set([task.id]);
    for (const id of needed) {
      tasks.get(id)?.upstream.forEach(above => needed.add(above)); // a Set goes on with what is added meanwhile
    }
    return [...needed];
  }

  private _onChecked(): void {
    const dagId = this._checked.found?.dag_id ?? '';
    if (dagId !== (this._dag?.dagId ?? '')) {
      this._dag?.dispose();
      this._dag = dagId === '' ? null : new DagModel({ client: this._client, stream: this._stream, dagId, limit: RUNS });
      this._dag?.changed.connect(this._onDag, this);
    }
    this._onDag();
  }

  private _onDag(): void {
    for (const { id } of this._checked.found?.tasks ?? []) {
      void this._dag?.complete(this._dag.lastRunOf(id)?.summary.run_id);
    }
    this.emit();
  }

  private readonly _client: IStudioClient;
  private readonly _stream: IStudioStream;
  private readonly _checked: CheckedCells;
  private _dag: DagModel | null = null;
}

export namespace TaskCellsModel {
  export interface IOptions {
    client: IStudioClient;
    stream: IStudioStream;
    cells: INotebookCells;
  }
}

/** Whether a cell is marked as a task; the server says whether it is one. */
export function isTaskCell(source: string): boolean {
  return /^\s*%%task\b/.test(source);
}
