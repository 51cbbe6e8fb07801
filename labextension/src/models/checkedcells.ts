import type { ISignal } from '@lumino/signaling';
import type { IDisposable } from '@lumino/disposable';

import type { IStudioClient } from '../api/client';
import { asStudioError } from '../api/errors';
import type { CellsChecked } from '../api/schema';
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
 * What the marked cells of an open notebook come to, as they are typed. The server reads the cells; nothing of them is
 * run. Disposes of `cells` with itself.
 */
export class CheckedCells extends Model {
  constructor(client: IStudioClient, cells: INotebookCells) {
    super();
    this._client = client;
    this.cells = cells;
    cells.changed.connect(this._onTyped, this);
    void this._check();
  }

  readonly cells: INotebookCells;

  /** What the server said last; null before the first answer. It may be of cells that were changed since. */
  get found(): CellsChecked | null {
    return this._found;
  }

  override dispose(): void {
    if (!this.isDisposed) {
      clearTimeout(this._timer);
      this.cells.dispose();
      super.dispose();
    }
  }

  private _onTyped(): void {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => void this._check(), TYPING);
  }

  private async _check(): Promise<void> {
    const { sources } = this.cells;
    const text = JSON.stringify(sources);
    if (this.isDisposed || text === this._text) {
      return;
    }
    this._text = text;
    try {
      const found = await this._client.call('check_cells', { path: {}, body: { cells: [...sources] } });
      if (!this.isDisposed && text === this._text) {
        this._found = found;
        this.emit();
      }
    } catch (reason) {
      this._text = ''; // the next change asks again; until then the last answer stays
      console.warn(`Pipeline Studio: the cells were not checked. ${asStudioError(reason).message}`);
    }
  }

  private readonly _client: IStudioClient;
  private _found: CellsChecked | null = null;
  private _text = '';
  private _timer: ReturnType<typeof setTimeout> | undefined = undefined;
}
