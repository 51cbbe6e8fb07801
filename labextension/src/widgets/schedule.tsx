import { ReactWidget } from '@jupyterlab/ui-components';
import type { ReactElement } from 'react';

import type { NotebookPublished } from '../api/schema';
import type { NotebookScheduleModel } from '../models/notebookschedule';
import type { IKernelChoice } from '../views/schedule/ScheduleForm';
import { ScheduleForm } from '../views/schedule/ScheduleForm';

/** The inside of the tab in which a notebook is scheduled. It owns its model. */
export class SchedulePanel extends ReactWidget {
  constructor(options: SchedulePanel.IOptions) {
    super();
    this._options = options;
    this.addClass('jp-Studio');
    this.addClass('jp-Studio-panel');
    this.addClass('jp-Studio-schedulePanel');
  }

  override dispose(): void {
    this._options.model.dispose();
    super.dispose();
  }

  protected override render(): ReactElement {
    const { model, kernels, onDone } = this._options;
    return <ScheduleForm model={model} kernels={kernels} onDone={onDone} />;
  }

  private readonly _options: SchedulePanel.IOptions;
}

export namespace SchedulePanel {
  export interface IOptions {
    model: NotebookScheduleModel;
    kernels: readonly IKernelChoice[];
    onDone: (made: NotebookPublished) => void;
  }
}
