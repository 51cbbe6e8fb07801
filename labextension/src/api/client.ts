import type { IHost } from '../host';
import { trans } from '../trans';
import { errorOf, StudioError } from './errors';
import type { Operation, Operations } from './schema';
import { routes } from './schema';

type Query = Readonly<Record<string, string | number | undefined>>;

/** What a call takes besides its name; only what the operation declares. */
export interface ICallOptions<O extends Operation> {
  path: Operations[O]['path'];
  query?: { [K in keyof Operations[O]['query']]?: Operations[O]['query'][K] | undefined };
  body?: Operations[O]['body'];
}

/** The REST API, typed by `routes`. Every failure is a `StudioError`. */
export interface IStudioClient {
  call<O extends Operation>(operation: O, options: ICallOptions<O>): Promise<Operations[O]['answer']>;
}

export class StudioClient implements IStudioClient {
  constructor(options: StudioClient.IOptions) {
    this._host = options.host;
  }

  async call<O extends Operation>(operation: O, options: ICallOptions<O>): Promise<Operations[O]['answer']> {
    const { method, path } = routes[operation];
    const response = await this._send(urlOf(path, options.path, (options.query ?? {}) as Query), method, options.body);
    if (!response.ok) {
      throw await errorOf(response);
    }
    return (await answerOf(operation, response)) as Operations[O]['answer'];
  }

  private async _send(path: string, method: string, body: unknown): Promise<Response> {
    const init: RequestInit = { method };
    if (body instanceof Uint8Array) {
      init.body = new Blob([body as Uint8Array<ArrayBuffer>]);
      init.headers = { 'Content-Type': 'application/octet-stream' };
    } else if (body !== undefined) {
      init.body = JSON.stringify(body);
      init.headers = { 'Content-Type': 'application/json' };
    }
    try {
      return await this._host.request(path, init);
    } catch (reason) {
      if (reason instanceof StudioError) {
        throw reason; // the host knows more
      }
      throw new StudioError({
        code: 'unreachable',
        message: trans.__('The server does not answer.'),
        hint: trans.__('Check that the Jupyter server still runs; this view connects again by itself.'),
        cause: reason
      });
    }
  }

  private readonly _host: IHost;
}

export namespace StudioClient {
  export interface IOptions {
    host: IHost;
  }
}

/** `/api/dags/{dag_id}` with its segments and query filled in; a value can add no segment of its own. */
export function urlOf(template: string, segments: Readonly<Record<string, string>>, query: Query): string {
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(segments[name] ?? ''));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) {
      search.set(name, String(value));
    }
  }
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
}

function answerOf(operation: Operation, response: Response): Promise<unknown> {
  if (operation === 'get_notebook' || operation === 'export_task') {
    return response.blob();
  }
  return response.status === 202 || response.status === 204 ? Promise.resolve(undefined) : response.json();
}
