import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';

import { cellsAround } from '../host/cells';
import type { INotebookCells } from '../models/checkedcells';
import { GRAPH_MIME_TYPE } from '../models/graphdata';
import { VIEW_MIME_TYPE } from '../models/viewdata';
import { IStudio } from '../tokens';
import { GraphRenderer } from '../widgets/renderer';
import { ViewRenderer } from '../widgets/view';

const RANK = -50; // before widgets (-10) and html

/**
 * Draws `application/vnd.pipeline-studio.graph+json` and `….view+json`.
 *
 * A plugin, and not a `mimeExtension`: it gets the page's one client and stream. It is activated before the layout
 * is restored, so notebooks that are open already when the page is loaded find the renderer too; and in Notebook 7.
 */
const plugin: JupyterFrontEndPlugin<void> = {
  id: 'pipeline-studio:mime',
  description: 'Draws the graph of a DAG, and other views, in the output of a cell; live.',
  autoStart: true,
  requires: [IStudio, IRenderMimeRegistry],
  optional: [INotebookTracker],
  activate: (
    _app: JupyterFrontEnd,
    studio: IStudio,
    rendermime: IRenderMimeRegistry,
    tracker: INotebookTracker | null
  ): void => {
    const findCells = (node: HTMLElement): INotebookCells | null =>
      tracker === null ? null : cellsAround(node, tracker);
    rendermime.addFactory(
      {
        safe: true, // drawn from checked data, as text: shown in untrusted notebooks too
        mimeTypes: [GRAPH_MIME_TYPE],
        createRenderer: () => new GraphRenderer({ studio, findCells })
      },
      RANK
    );
    rendermime.addFactory(
      { safe: true, mimeTypes: [VIEW_MIME_TYPE], createRenderer: () => new ViewRenderer({ studio }) },
      RANK
    );
  }
};

export default plugin;
