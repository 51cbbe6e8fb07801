import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';

import type { IStudioClient } from '../api/client';
import { asStudioError } from '../api/errors';
import type { CellProblem } from '../api/schema';
import type { DagModel } from './dag';
import { Model } from './model';

/** The code cells of an open notebook. */
export interface INotebookCells extends IDisposable {
  /** In the order of the notebook. */
  readonly sources: readonly string[];
  /** Emitted when a cell was typed in, came, went or moved. */
  readonly changed: ISignal<INotebookCells, void>;
  /** Bring a code cell into view, and put the cursor into a line of it, counted from 1. */
  reveal(index: number, line: number | null): void;
}

const TYPING = 300; // milliseconds without a change

/**
 * What the marked cells of an open notebook come to, as they are typed: the graph that is drawn, and what is wrong
 * with it. The server reads the cells; nothing of them is run.
 */
export class CellsModel extends Model {
  constructor(options: CellsModel.IOptions) {
    super();
    this._client = options.client;
    this._dag = options.dag;
    this._problems = options.problems;
  }

  get problems(): readonly CellProblem[] {
    return this._problems;
  }

  /** Another name that the DAG has by now, in its %dag cell; null: the same. */
  get renamed(): string | null {
    return this._renamed;
  }

  /** Whether the cells that `problems` tell of can be gone to. */
  get canReveal(): boolean {
    return this._cells !== null && this._isCurrent;
  }

  /** Follow an open notebook. */
  attach(cells: INotebookCells): void {
    this._cells?.dispose();
    this._cells = cells;
    cells.changed.connect(this._onTyped, this);
    void this._check();
  }

  reveal(problem: CellProblem): void {
    if (problem.cell !== null && this.canReveal) {
      this._cells?.reveal(problem.cell, problem.line);
    }
  }

  override dispose(): void {
    if (!this.isDisposed) {
      clearTimeout(this._timer);
      this._cells?.dispose();
      super.dispose();
    }
  }

  private _onTyped(): void {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => void this._check(), TYPING);
  }

  private async _check(): Promise<void> {
    const sources = this._cells?.sources ?? [];
    const text = JSON.stringify(sources);
    if (this.isDisposed || text === this._text) {
      return;
    }
    this._text = text;
    try {
      const found = await this._client.call('check_cells', { path: {}, body: { cells: [...sources] } });
      if (!this.isDisposed && text === this._text) {
        this._dag.draw(found.tasks);
        this._problems = found.problems;
        this._renamed = found.dag_id === '' || found.dag_id === this._dag.dagId ? null : found.dag_id;
        this._isCurrent = true;
        this.emit();
      }
    } catch (reason) {
      this._text = ''; // the next change asks again; until then the last answer stays
      console.warn(`Pipeline Studio: the cells were not checked. ${asStudioError(reason).message}`);
    }
  }

  private readonly _client: IStudioClient;
  private readonly _dag: DagModel;
  private _cells: INotebookCells | null = null;
  private _problems: readonly CellProblem[];
  private _renamed: string | null = null;
  private _isCurrent = false;
  private _text = '';
  private _timer: ReturnType<typeof setTimeout> | undefined = undefined;
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
