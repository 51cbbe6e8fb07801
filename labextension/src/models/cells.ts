import type { IStudioClient } from '../api/client';
import type { CellProblem } from '../api/schema';
import type { INotebookCells } from './checkedcells';
import { CheckedCells } from './checkedcells';
import type { DagModel } from './dag';
import { Model } from './model';

/** The marked cells of the notebook that a graph is in: the graph that is drawn follows them, and what is wrong. */
export class CellsModel extends Model {
  constructor(options: CellsModel.IOptions) {
    super();
    this._client = options.client;
    this._dag = options.dag;
    this._problems = options.problems;
  }

  get problems(): readonly CellProblem[] {
    return this._checked?.found?.problems ?? this._problems;
  }

  /** Another name that the DAG has by now, in its %dag cell; null: the same. */
  get renamed(): string | null {
    const name = this._checked?.found?.dag_id ?? '';
    return name === '' || name === this._dag.dagId ? null : name;
  }

  /** Whether the cells that `problems` tell of can be gone to. */
  get canReveal(): boolean {
    return (this._checked?.found ?? null) !== null;
  }

  /** Follow an open notebook. */
  attach(cells: INotebookCells): void {
    this._checked?.dispose();
    this._checked = new CheckedCells(this._client, cells);
    this._checked.changed.connect(this._onChecked, this);
  }

  reveal(problem: CellProblem): void {
    if (problem.cell !== null && this.canReveal) {
      this._checked?.cells.reveal(problem.cell, problem.line);
    }
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._checked?.dispose();
      super.dispose();
    }
  }

  private _onChecked({ found }: CheckedCells): void {
    if (found !== null) {
      this._dag.draw(found.tasks);
      this.emit();
    }
  }

  private readonly _client: IStudioClient;
  private readonly _dag: DagModel;
  private readonly _problems: readonly CellProblem[];
  private _checked: CheckedCells | null = null;
}

export namespace CellsModel {
  export interface IOptions {
    client: IStudioClient;
    /** Draws what the cells come to. */
    dag: DagModel;
    /** As they were when the output was made. */
    problems: readonly CellProblem[];
  }
}
