import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ISessionContext } from '@jupyterlab/apputils';
import { PageConfig, URLExt } from '@jupyterlab/coreutils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ServerConnection } from '@jupyterlab/services';

import { CommandIDs } from '../commands';
import type { IHost, INotebookDraft, IOutputsView, ISocket, ISocketListener, ITaskRef, Output } from '../host';
import { belowRoot } from '../models/debugging';
import type { PartialPlace } from '../models/place';
import { outputPath } from './drive';
import { LabOutputs } from './outputs';

/** What is needed here of a document widget. */
interface IDocument {
  context: { sessionContext: ISessionContext };
}

/** Where the Jupyter server extension answers, below the base URL. */
const PREFIX = 'studio';
const WIDGET_VIEW = 'application/vnd.jupyter.widget-view+json';

/** JupyterLab and Notebook: the Jupyter server's connection, the application's renderers and commands. */
export class LabHost implements IHost {
  constructor(options: LabHost.IOptions) {
    this._app = options.app;
    this._rendermime = options.rendermime.clone();
    // Outputs in a panel have no widget manager: without its renderer the next best form is shown.
    this._rendermime.removeMimeType(WIDGET_VIEW);
  }

  request(path: string, init: RequestInit): Promise<Response> {
    const settings = this._app.serviceManager.serverSettings;
    // For the default, `no-store`, JupyterLab would put the time into the query, which the API refuses.
    return ServerConnection.makeRequest(this.url(path), { cache: 'no-cache', ...init }, settings);
  }

  url(path: string): string {
    return URLExt.join(this._app.serviceManager.serverSettings.baseUrl, PREFIX, path);
  }

  readonly hasTabs = true;

  openSocket(path: string, listener: ISocketListener): ISocket {
    const settings = this._app.serviceManager.serverSettings;
    const url = URLExt.join(settings.wsUrl, PREFIX, path);
    const query = settings.appendToken && settings.token !== '' ? `?token=${encodeURIComponent(settings.token)}` : '';
    const socket = new settings.WebSocket(url + query);
    socket.onmessage = event => listener.onMessage(String(event.data));
    socket.onclose = () => listener.onClose();
    return socket;
  }

  renderOutputs(node: HTMLElement, outputs: readonly Output[]): IOutputsView {
    return new LabOutputs({ node, outputs, rendermime: this._rendermime });
  }

  async openNotebook(ref: ITaskRef): Promise<void> {
    const args = { path: outputPath(ref), factory: 'Notebook' };
    const widget = (await this._app.commands.execute('docmanager:open', args)) as Partial<IDocument> | undefined;
    // To read a notebook no kernel is needed; who wants one chooses it in the toolbar.
    const session = widget?.context?.sessionContext;
    if (session !== undefined && session.session === null) {
      session.kernelPreference = { ...session.kernelPreference, shouldStart: false };
    }
  }

  readonly editNotebook = async (draft: INotebookDraft): Promise<void> => {
    const { path, isNew } = await this._kept(draft);
    const widget = (await this._app.commands.execute('docmanager:open', { path, factory: 'Notebook' })) as
      | NotebookPanel
      | undefined;
    await widget?.context.ready;
    if (widget !== undefined && isNew) {
      widget.content.activeCellIndex = draft.cell;
      await widget.content.scrollToItem(draft.cell, 'auto');
    }
  };

  /** Its path: in its folder if that can be written from here, otherwise at the root. */
  private async _kept({ folder, name, content }: INotebookDraft): Promise<{ path: string; isNew: boolean }> {
    const { contents } = this._app.serviceManager;
    const below = belowRoot(folder, PageConfig.getOption('serverRoot'));
    const paths = [...new Set([...(below === null ? [] : [URLExt.join(below, name)]), name])];
    for (const path of paths) {
      const isThere = await contents.get(path, { content: false }).then(
        () => true,
        () => false
      );
      if (isThere) {
        return { path, isNew: false };
      }
    }
    let failure: unknown = null;
    for (const path of paths) {
      try {
        const saved = await contents.save(path, { type: 'notebook', format: 'json', content });
        return { path: saved.path, isNew: true };
      } catch (reason) {
        failure = reason; // a folder that is hidden, or where nothing may be written
      }
    }
    throw failure;
  }

  async openPlace(place: PartialPlace): Promise<void> {
    await this._app.commands.execute(CommandIDs.openDag, { ...place });
  }

  async openHelp(topic: string): Promise<void> {
    await this._app.commands.execute(CommandIDs.openHelp, { topic });
  }

  private readonly _app: JupyterFrontEnd;
  private readonly _rendermime: IRenderMimeRegistry;
}

export namespace LabHost {
  export interface IOptions {
    app: JupyterFrontEnd;
    rendermime: IRenderMimeRegistry;
  }
}
