import type { JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget } from '@jupyterlab/apputils';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { ReactElement } from 'react';

import type { DagPageModel } from '../models/dagpage';
import type { IStudio } from '../tokens';
import { DagPage } from '../views/DagPage';

/** The inside of a DAG's tab. It owns its model. */
export class DagPanel extends ReactWidget {
  constructor(studio: IStudio, model: DagPageModel) {
    super();
    this._studio = studio;
    this.model = model;
    this.addClass('jp-Studio');
    this.addClass('jp-Studio-panel');
  }

  readonly model: DagPageModel;

  override dispose(): void {
    this.model.dispose();
    super.dispose();
  }

  protected override render(): ReactElement {
    return <DagPage model={this.model} studio={this._studio} />;
  }

  private readonly _studio: IStudio;
}

/** The page of a DAG that is in front; null: something else is. */
export function panelInFront({ shell }: JupyterFrontEnd): DagPanel | null {
  const widget = shell.currentWidget;
  return widget instanceof MainAreaWidget && widget.content instanceof DagPanel ? widget.content : null;
}
