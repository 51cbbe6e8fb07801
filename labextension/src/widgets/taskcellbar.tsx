import { ReactWidget } from '@jupyterlab/ui-components';
import type { ReactElement } from 'react';

import type { Cell } from '../host/cells';
import { isTaskCell } from '../models/taskcells';
import type { ITaskCellBarProps } from '../views/TaskCellBar';
import { TaskCellBar } from '../views/TaskCellBar';

/** In the toolbar of a cell; it is there only while the cell is marked as a task. */
export class TaskCellBarWidget extends ReactWidget {
  /** `makeProps` is called when there is something to show: a notebook without marks costs nothing. */
  constructor(cell: Cell, makeProps: () => ITaskCellBarProps | null) {
    super();
    this._cell = cell;
    this._makeProps = makeProps;
    this.addClass('jp-Studio');
    cell.model.contentChanged.connect(this._onChanged, this);
    this._onChanged();
  }

  protected override render(): ReactElement | null {
    if (this.isHidden) {
      return null;
    }
    this._props ??= this._makeProps();
    return this._props === null ? null : <TaskCellBar {...this._props} />;
  }

  private _onChanged(): void {
    const isTask = isTaskCell(this._cell.model.sharedModel.getSource());
    if (isTask === this.isHidden) {
      this.setHidden(!isTask);
      this.update();
    }
  }

  private readonly _cell: Cell;
  private readonly _makeProps: () => ITaskCellBarProps | null;
  private _props: ITaskCellBarProps | null = null;
}
