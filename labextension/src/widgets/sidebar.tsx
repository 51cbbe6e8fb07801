import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import type { ReactElement } from 'react';

import { DagListModel } from '../models/daglist';
import type { IStudio } from '../tokens';
import { trans } from '../trans';
import { DagList } from '../views/DagList';

/** The list of DAGs. Nothing is fetched until it is shown for the first time. */
export class Sidebar extends ReactWidget {
  constructor(options: Sidebar.IOptions) {
    super();
    this._options = options;
    this.addClass('jp-Studio');
    this.addClass('jp-Studio-sidebar');
  }

  override dispose(): void {
    this._model?.dispose();
    super.dispose();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    if (this._model === null) {
      this._model = new DagListModel(this._options.studio);
      this.update();
    }
  }

  /** By the keyboard one is then in it. */
  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    this.node.tabIndex = -1;
    (this.node.querySelector<HTMLElement>('input, button') ?? this.node).focus();
  }

  protected override render(): ReactElement {
    const { onOpen, onExample } = this._options;
    return (
      <>
        <h2 className="jp-Studio-sidebarTitle">{trans.__('Pipelines')}</h2>
        {this._model !== null && <DagList model={this._model} onOpen={onOpen} onExample={onExample} />}
      </>
    );
  }

  private readonly _options: Sidebar.IOptions;
  private _model: DagListModel | null = null;
}

export namespace Sidebar {
  export interface IOptions {
    studio: IStudio;
    onOpen: (dagId: string) => void;
    onExample: (() => void) | null;
  }
}
