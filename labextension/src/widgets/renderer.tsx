import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { ReactElement } from 'react';

import { DagModel } from '../models/dag';
import { FocusModel } from '../models/focus';
import type { IGraphData } from '../models/graphdata';
import { GRAPH_MIME_TYPE, readGraphData } from '../models/graphdata';
import type { IStudio } from '../tokens';
import { CellGraph } from '../views/CellGraph';
import { Empty } from '../views/Notes';

const MOST_CHIPS = 14;

/**
 * A graph in a cell's output. The models live as long as the output does: a notebook takes cells out of the page and
 * puts them back while one scrolls.
 */
export class GraphRenderer extends ReactWidget implements IRenderMime.IRenderer {
  constructor(options: GraphRenderer.IOptions) {
    super();
    this._studio = options.studio;
    this.addClass('jp-Studio');
  }

  renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const json = model.data[GRAPH_MIME_TYPE];
    const text = JSON.stringify(json);
    if (text !== this._text) {
      this._text = text;
      this._load(readGraphData(json));
      this.update();
    }
    return Promise.resolve();
  }

  override dispose(): void {
    this._focus?.dispose();
    this._dag?.dispose();
    super.dispose();
  }

  protected override render(): ReactElement {
    if (this._dag === null || this._focus === null) {
      return <Empty title="This output holds no graph that can be drawn. Run its cell again." />;
    }
    return <CellGraph dag={this._dag} focus={this._focus} studio={this._studio} count={MOST_CHIPS} />;
  }

  private _load(data: IGraphData | null): void {
    const { client, stream } = this._studio;
    const taskId = this._focus?.taskId ?? null;
    this._focus?.dispose();
    this._dag?.dispose();
    this._dag = null;
    this._focus = null;
    if (data !== null) {
      const { dagId, nodes, runId, states, runs } = data;
      const limit = Math.max(runs, MOST_CHIPS);
      this._dag = new DagModel({ client, stream, dagId, nodes, runId, states, limit });
      this._focus = new FocusModel({ client, stream, dag: this._dag, taskId });
    }
  }

  private readonly _studio: IStudio;
  private _dag: DagModel | null = null;
  private _focus: FocusModel | null = null;
  private _text: string | undefined = undefined;
}

export namespace GraphRenderer {
  export interface IOptions {
    studio: IStudio;
  }
}
