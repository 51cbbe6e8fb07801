import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { Message } from '@lumino/messaging';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { ReactElement } from 'react';

import type { INotebookCells } from '../models/checkedcells';
import type { IGraphData } from '../models/graphdata';
import { GRAPH_MIME_TYPE, readGraphData } from '../models/graphdata';
import type { IStudio } from '../tokens';
import { trans } from '../trans';
import { Empty } from '../views/Notes';
import { GraphView } from './graphview';

/**
 * A graph in a cell's output. The models live as long as the output does: a notebook takes cells out of the page and
 * puts them back while one scrolls.
 */
export class GraphRenderer extends ReactWidget implements IRenderMime.IRenderer {
  constructor(options: GraphRenderer.IOptions) {
    super();
    this._studio = options.studio;
    this._findCells = options.findCells;
    this.addClass('jp-Studio');
  }

  renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const json = model.data[GRAPH_MIME_TYPE];
    const text = JSON.stringify(json);
    if (text !== this._text) {
      this._text = text;
      const data = readGraphData(json);
      if (data === null || this._view?.take(data) !== true) {
        this._load(data);
        this.update();
      }
    }
    return Promise.resolve();
  }

  override dispose(): void {
    this._view?.dispose();
    super.dispose();
  }

  protected override render(): ReactElement {
    return (
      this._view?.render() ?? <Empty title={trans.__('This output holds no graph that can be drawn. Run its cell again.')} />
    );
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._follow();
  }

  /** Follow the cells of the notebook that the graph is in. */
  private _follow(): void {
    const cells = this._view?.cells ?? null;
    if (cells !== null && !this._follows && this.isAttached) {
      const found = this._findCells(this.node);
      if (found !== null) {
        this._follows = true;
        cells.attach(found);
      }
    }
  }

  private _load(data: IGraphData | null): void {
    const taskId = this._view?.taskId ?? null;
    this._view?.dispose();
    this._follows = false;
    this._view = data === null ? null : new GraphView(data, this._studio, taskId);
    this._follow();
  }

  private readonly _studio: IStudio;
  private readonly _findCells: GraphRenderer.IOptions['findCells'];
  private _view: GraphView | null = null;
  private _follows = false;
  private _text: string | undefined = undefined;
}

export namespace GraphRenderer {
  export interface IOptions {
    studio: IStudio;
    /** The cells of the notebook that a node is in; null: it is in none. */
    findCells: (node: HTMLElement) => INotebookCells | null;
  }
}
