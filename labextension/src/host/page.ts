import type { IHost, IOutputsView, ISocket, ISocketListener, ITaskRef, Output } from '../host';
import { urlOf } from '../api/client';
import { routes } from '../api/schema';
import type { PartialPlace } from '../models/place';
import { placeOf, placeText } from '../models/place';
import { helpPath } from './help';
import { PlainOutputs } from './plain';

/** A page of its own, which stands beside the API: below the studio server, or below Jupyter's base URL. */
export class PageHost implements IHost {
  constructor(options: PageHost.IOptions) {
    this._base = options.base;
    this._onLoggedOut = options.onLoggedOut;
  }

  async request(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    const xsrf = cookie('_xsrf'); // Jupyter's, if it is in between
    if (xsrf !== null) {
      headers.set('X-XSRFToken', xsrf);
    }
    const response = await fetch(this.url(path), { ...init, headers, credentials: 'same-origin', cache: 'no-cache' });
    if (response.status === 401) {
      this._onLoggedOut();
    }
    return response;
  }

  url(path: string): string {
    return this._base + path.replace(/^\//, '');
  }

  openSocket(path: string, listener: ISocketListener): ISocket {
    const url = new URL(this.url(path), location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(url);
    socket.onmessage = event => listener.onMessage(String(event.data));
    socket.onclose = () => listener.onClose();
    return socket;
  }

  renderOutputs(node: HTMLElement, outputs: readonly Output[]): IOutputsView {
    return new PlainOutputs(node, outputs);
  }

  readonly hasTabs = true;
  readonly editNotebook = null;

  /** As a page in a tab of the browser. The server sends it in a sandbox. */
  openNotebook({ dagId, runId, taskId, mapIndex, tryNumber }: ITaskRef): Promise<void> {
    const path = { dag_id: dagId, run_id: runId, task_id: taskId };
    const query = { map_index: mapIndex, try_number: tryNumber, format: 'html' };
    window.open(this.url(urlOf(routes.export_task.path, path, query)), '_blank', 'noopener');
    return Promise.resolve();
  }

  openPlace(place: PartialPlace): Promise<void> {
    location.hash = `#/dags/${placeText(placeOf(place))}`;
    return Promise.resolve();
  }

  openHelp(topic: string): Promise<void> {
    window.open(this.url(helpPath(topic)), '_blank', 'noopener');
    return Promise.resolve();
  }

  private readonly _base: string;
  private readonly _onLoggedOut: () => void;
}

export namespace PageHost {
  export interface IOptions {
    /** Where the page is, with a slash at its end. */
    base: string;
    /** The server does not know this browser (any more). */
    onLoggedOut: () => void;
  }
}

function cookie(name: string): string | null {
  const found = document.cookie.split('; ').find(part => part.startsWith(`${name}=`));
  return found === undefined ? null : decodeURIComponent(found.slice(name.length + 1));
}
