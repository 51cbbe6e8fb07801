import { StudioError } from '../api/errors';
import type { IHost, IOutputsView, ISocket, ISocketListener, Output } from '../host';
import { trans } from '../trans';
import { PlainOutputs } from './plain';

/** What is used of an anywidget's model: custom messages, and traits. */
export interface IKernelModel {
  get(name: string): unknown;
  send(content: object, callbacks?: object, buffers?: ArrayBuffer[]): void;
  on(event: string, handler: (content: unknown, buffers: readonly DataView[]) => void): void;
  off(event: string, handler: (content: unknown, buffers: readonly DataView[]) => void): void;
}

/** What the kernel answers; `id` is that of the request. */
interface IAnswer {
  id: number;
  status?: number;
  type?: string;
  error?: string;
  hint?: string | null;
  text?: string;
  closed?: boolean;
}

interface IPending {
  resolve(response: Response): void;
  reject(reason: Error): void;
}

const PATIENCE = 60_000; // milliseconds
const NO_BODY = new Set([204, 205, 304]);

/** A page that has no Jupyter server of ours behind it: the kernel asks the studio server, over a widget's comm. */
export class KernelHost implements IHost {
  constructor(model: IKernelModel) {
    this._model = model;
    model.on('msg:custom', this._onMessage);
  }

  readonly hasTabs = false;
  readonly editNotebook = null;

  dispose(): void {
    this._model.off('msg:custom', this._onMessage);
    this._sockets.forEach((_, id) => this._model.send({ do: 'close', id }));
    this._sockets.clear();
    this._pending.forEach(pending => pending.reject(unreachable(trans.__('The view was closed.'))));
    this._pending.clear();
  }

  async request(path: string, init: RequestInit): Promise<Response> {
    const body = init.body == null ? null : await new Response(init.body).arrayBuffer();
    const type = new Headers(init.headers).get('Content-Type');
    const method = init.method ?? 'GET';
    // A kernel hears of it when its cell has ended. What changes something is waited for: it will be done all the same,
    // and whoever were told that it failed would do it again.
    return this._ask({ do: 'request', method, path, type }, body, method === 'GET' ? PATIENCE : Infinity);
  }

  /** A file of the front end that the kernel's package has. */
  async asset(name: string): Promise<Blob> {
    const response = await this._ask({ do: 'asset', name }, null, PATIENCE);
    return response.blob();
  }

  url(): null {
    return null;
  }

  openSocket(path: string, listener: ISocketListener): ISocket {
    const id = this._next();
    this._sockets.set(id, listener);
    this._model.send({ do: 'open', id, path });
    return {
      send: text => this._model.send({ do: 'send', id, text }),
      close: () => {
        if (this._sockets.delete(id)) {
          this._model.send({ do: 'close', id });
        }
      }
    };
  }

  renderOutputs(node: HTMLElement, outputs: readonly Output[]): IOutputsView {
    return new PlainOutputs(node, outputs);
  }

  openNotebook(): Promise<void> {
    return Promise.reject(new Error('There are no tabs here.'));
  }

  openPlace(): Promise<void> {
    return Promise.reject(new Error('There are no tabs here.'));
  }

  openHelp(): Promise<void> {
    return Promise.reject(new Error('There are no tabs here.'));
  }

  private _ask(message: object, body: ArrayBuffer | null, patience: number): Promise<Response> {
    const id = this._next();
    return new Promise((resolve, reject) => {
      const settle = (action: () => void): void => {
        clearTimeout(timer);
        this._pending.delete(id);
        action();
      };
      const timer =
        patience === Infinity
          ? undefined
          : setTimeout(() => settle(() => reject(noAnswer())), patience);
      this._pending.set(id, {
        resolve: response => settle(() => resolve(response)),
        reject: reason => settle(() => reject(reason))
      });
      this._model.send({ ...message, id }, {}, body === null ? [] : [body]);
    });
  }

  private readonly _onMessage = (content: unknown, buffers: readonly DataView[]): void => {
    const answer = content as IAnswer;
    const socket = this._sockets.get(answer.id);
    if (socket !== undefined) {
      if (answer.closed === true) {
        this._sockets.delete(answer.id);
        socket.onClose();
      } else if (answer.text !== undefined) {
        socket.onMessage(answer.text);
      }
      return;
    }
    const pending = this._pending.get(answer.id);
    if (answer.error !== undefined) {
      pending?.reject(unreachable(answer.error, answer.hint));
    } else {
      pending?.resolve(responseOf(answer, buffers[0]));
    }
  };

  private _next(): number {
    this._count += 1;
    return this._count;
  }

  private readonly _model: IKernelModel;
  private readonly _pending = new Map<number, IPending>();
  private readonly _sockets = new Map<number, ISocketListener>();
  private _count = Math.floor(Math.random() * 2 ** 40); // a model may have several views, and all hear all answers
}

function noAnswer(): StudioError {
  return unreachable(
    trans.__('The kernel does not answer.'),
    trans.__('It may run a cell; if it was restarted, run this cell again.')
  );
}

function unreachable(message: string, hint: string | null = null): StudioError {
  return new StudioError({ code: 'unreachable', message, hint });
}

function responseOf({ status = 200, type }: IAnswer, body: DataView | undefined): Response {
  const headers: Record<string, string> = type === undefined ? {} : { 'Content-Type': type };
  const content = NO_BODY.has(status) || body === undefined ? null : new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  return new Response(content as BodyInit | null, { status, headers });
}
