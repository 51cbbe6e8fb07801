import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator } from '@jupyterlab/translation';

import { StudioClient } from '../api/client';
import { StudioStream } from '../api/stream';
import { OutputDrive } from '../host/drive';
import { LabHost } from '../host/lab';
import { LayoutEngine } from '../layout/engine';
import { IStudio } from '../tokens';
import { setTrans } from '../trans';

/** The one client and the one stream of this page. Nothing is asked of the server until a view is shown. */
const plugin: JupyterFrontEndPlugin<IStudio> = {
  id: 'pipeline-studio:service',
  description: 'The studio server: API client, stream of events, output notebooks as files.',
  autoStart: true,
  requires: [IRenderMimeRegistry],
  optional: [ITranslator],
  provides: IStudio,
  activate: (app: JupyterFrontEnd, rendermime: IRenderMimeRegistry, translator: ITranslator | null): IStudio => {
    if (translator !== null) {
      setTrans(translator.load('pipeline_studio'), translator.languageCode);
    }
    const host = new LabHost({ app, rendermime });
    const client = new StudioClient({ host });
    const { contents, serverSettings } = app.serviceManager;
    contents.addDrive(new OutputDrive({ client, serverSettings }));
    return { host, client, stream: new StudioStream({ host }), engine: new LayoutEngine(layoutWorker) };
  }
};

function layoutWorker(): Promise<Worker> {
  // The bundler finds the worker by this very expression.
  return Promise.resolve(new Worker(new URL('../layout/layout.worker.js', import.meta.url)));
}

export default plugin;
