import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';

import { GRAPH_MIME_TYPE } from '../models/graphdata';
import { IStudio } from '../tokens';
import { GraphRenderer } from '../widgets/renderer';

/**
 * Draws `application/vnd.pipeline-studio.graph+json`.
 *
 * A plugin, and not a `mimeExtension`: it gets the page's one client and stream. It is activated before the layout
 * is restored, so notebooks that are open already when the page is loaded find the renderer too; and in Notebook 7.
 */
const plugin: JupyterFrontEndPlugin<void> = {
  id: 'pipeline-studio:mime',
  description: 'Draws the graph of a DAG in the output of a cell; live.',
  autoStart: true,
  requires: [IStudio, IRenderMimeRegistry],
  activate: (_app: JupyterFrontEnd, studio: IStudio, rendermime: IRenderMimeRegistry): void => {
    rendermime.addFactory(
      {
        safe: true, // drawn from checked data, as text: shown in untrusted notebooks too
        mimeTypes: [GRAPH_MIME_TYPE],
        createRenderer: () => new GraphRenderer({ studio })
      },
      -50 // before widgets (-10) and html
    );
  }
};

export default plugin;
