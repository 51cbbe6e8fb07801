import { ReactWidget } from '@jupyterlab/ui-components';
import type { ReactElement } from 'react';

import { DagModel } from '../models/dag';
import { FocusModel } from '../models/focus';
import type { IStudio } from '../tokens';
import { DagPage } from '../views/DagPage';

/** The inside of a DAG's tab. */
export class DagPanel extends ReactWidget {
  constructor(options: DagPanel.IOptions) {
    super();
    const { studio, dagId } = options;
    const { client, stream } = studio;
    this._studio = studio;
    this.dag = new DagModel({ client, stream, dagId, runId: options.runId ?? null });
    this.focus = new FocusModel({ client, stream, dag: this.dag, taskId: options.taskId ?? null });
    this.addClass('jp-Studio');
    this.addClass('jp-Studio-panel');
  }

  readonly dag: DagModel;
  readonly focus: FocusModel;

  override dispose(): void {
    this.focus.dispose();
    this.dag.dispose();
    super.dispose();
  }

  protected override render(): ReactElement {
    return <DagPage dag={this.dag} focus={this.focus} studio={this._studio} />;
  }

  private readonly _studio: IStudio;
}

export namespace DagPanel {
  export interface IOptions {
    studio: IStudio;
    dagId: string;
    runId?: string | null;
    taskId?: string | null;
  }
}
