import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { Message } from '@lumino/messaging';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { ReactElement } from 'react';

import type { INotebookCells } from '../models/cells';
import { CellsModel } from '../models/cells';
import { DagModel } from '../models/dag';
import { FocusModel } from '../models/focus';
import type { IGraphData } from '../models/graphdata';
import { GRAPH_MIME_TYPE, readGraphData } from '../models/graphdata';
import { TrialModel } from '../models/trial';
import type { IStudio } from '../tokens';
import { CellGraph } from '../views/CellGraph';
import { Empty } from '../views/Notes';
import { TrialGraph } from '../views/TrialGraph';

const MOST_CHIPS = 14;

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
      if (data?.trial == null || this._trial?.take(data, data.trial) !== true) {
        this._load(data);
        this.update();
      }
    }
    return Promise.resolve();
  }

  override dispose(): void {
    this._cells?.dispose();
    this._focus?.dispose();
    this._dag?.dispose();
    super.dispose();
  }

  protected override render(): ReactElement {
    if (this._trial !== null) {
      return <TrialGraph trial={this._trial} studio={this._studio} />;
    }
    if (this._dag === null || this._focus === null) {
      return <Empty title="This output holds no graph that can be drawn. Run its cell again." />;
    }
    return <CellGraph dag={this._dag} focus={this._focus} studio={this._studio} count={MOST_CHIPS} cells={this._cells} />;
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._follow();
  }

  /** Follow the cells of the notebook that the graph is in. */
  private _follow(): void {
    if (this._cells !== null && !this._follows && this.isAttached) {
      const found = this._findCells(this.node);
      if (found !== null) {
        this._follows = true;
        this._cells.attach(found);
      }
    }
  }

  private _load(data: IGraphData | null): void {
    const { client, stream } = this._studio;
    const taskId = this._focus?.taskId ?? null;
    this._cells?.dispose();
    this._focus?.dispose();
    this._dag?.dispose();
    this._cells = null;
    this._follows = false;
    this._dag = null;
    this._focus = null;
    this._trial = data?.trial == null ? null : new TrialModel(data, data.trial);
    if (data !== null && this._trial === null) {
      const { dagId, nodes, runId, states, runs } = data;
      const limit = Math.max(runs, MOST_CHIPS);
      this._dag = new DagModel({ client, stream, dagId, nodes, runId, states, limit });
      this._focus = new FocusModel({ client, stream, dag: this._dag, taskId });
      if (data.isOfCells) {
        this._cells = new CellsModel({ client, dag: this._dag, problems: data.problems });
        this._follow();
      }
    }
  }

  private readonly _studio: IStudio;
  private readonly _findCells: GraphRenderer.IOptions['findCells'];
  private _cells: CellsModel | null = null;
  private _follows = false;
  private _dag: DagModel | null = null;
  private _focus: FocusModel | null = null;
  private _trial: TrialModel | null = null;
  private _text: string | undefined = undefined;
}

export namespace GraphRenderer {
  export interface IOptions {
    studio: IStudio;
    /** The cells of the notebook that a node is in; null: it is in none. */
    findCells: (node: HTMLElement) => INotebookCells | null;
  }
}
