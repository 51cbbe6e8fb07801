import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { ReactElement } from 'react';

import { readViewData, VIEW_MIME_TYPE } from '../models/viewdata';
import type { IStudio } from '../tokens';
import { trans } from '../trans';
import { Empty } from '../views/Notes';
import type { ICellView } from './cellview';
import { openView } from './cellview';

/** A view in a cell's output: a backfill, runs, a task, its output, or a form for a run. */
export class ViewRenderer extends ReactWidget implements IRenderMime.IRenderer {
  constructor(options: ViewRenderer.IOptions) {
    super();
    this._studio = options.studio;
    this.addClass('jp-Studio');
  }

  renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const json = model.data[VIEW_MIME_TYPE];
    const text = JSON.stringify(json);
    if (text !== this._text) {
      this._text = text;
      this._view?.dispose();
      const data = readViewData(json);
      this._view = data === null ? null : openView(data, this._studio);
      this.update();
    }
    return Promise.resolve();
  }

  override dispose(): void {
    this._view?.dispose();
    super.dispose();
  }

  protected override render(): ReactElement {
    return (
      this._view?.render() ?? <Empty title={trans.__('This output holds no view that can be drawn. Run its cell again.')} />
    );
  }

  private readonly _studio: IStudio;
  private _view: ICellView | null = null;
  private _text: string | undefined = undefined;
}

export namespace ViewRenderer {
  export interface IOptions {
    studio: IStudio;
  }
}
