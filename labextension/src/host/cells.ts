import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { INotebookCells } from '../models/checkedcells';

/** A cell of a notebook on the page. */
export type Cell = NotebookPanel['content']['widgets'][number];

/** The code cells of a notebook that is open in JupyterLab or Notebook. */
export class LabCells implements INotebookCells {
  constructor(panel: NotebookPanel) {
    this._panel = panel;
    panel.content.modelContentChanged.connect(this._onChanged, this);
    panel.disposed.connect(this.dispose, this);
  }

  get sources(): readonly string[] {
    // Not of the widgets: while a notebook is opened, they come one after another.
    const cells = this._panel.isDisposed ? [] : (this._panel.content.model?.cells ?? []);
    return [...cells].filter(cell => cell.type === 'code').map(cell => cell.sharedModel.getSource());
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      Signal.clearData(this);
    }
  }

  /** Which of the code cells it is, counted from 0; -1: it is none of them (any more). */
  indexOf(cell: Cell): number {
    const cells = this._panel.isDisposed ? [] : [...(this._panel.content.model?.cells ?? [])];
    return cells.filter(({ type }) => type === 'code').indexOf(cell.model);
  }

  reveal(index: number, line: number | null): void {
    const cell = this._code[index];
    if (cell !== undefined) {
      void this._goTo(cell, line);
    }
  }

  private async _goTo(cell: Cell, line: number | null): Promise<void> {
    const { content } = this._panel;
    content.activeCellIndex = content.widgets.indexOf(cell);
    await content.scrollToItem(content.activeCellIndex, 'start', 0.1);
    await cell.ready;
    content.activate();
    if (line !== null) {
      cell.editor?.setCursorPosition({ line: line - 1, column: 0 });
      cell.editor?.focus();
    }
  }

  private get _code(): Cell[] {
    return this._panel.isDisposed ? [] : this._panel.content.widgets.filter(cell => cell.model.type === 'code');
  }

  private _onChanged(): void {
    this._changed.emit();
  }

  private readonly _panel: NotebookPanel;
  private readonly _changed = new Signal<this, void>(this);
  private _isDisposed = false;
}

/** The notebook that a node of the page is in; null if there is none. */
export function cellsAround(node: HTMLElement, tracker: INotebookTracker): LabCells | null {
  const panel = tracker.find(candidate => candidate.node.contains(node));
  return panel === undefined ? null : new LabCells(panel);
}
