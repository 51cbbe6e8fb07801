import type { IDisposable } from '@lumino/disposable';

import { columnLayout } from './columns';
import { dotOf, readPlain } from './dot';
import { readJson } from './dotjson';
import type { ILayout, ILayoutRequest } from './layout';
import { signatureOf } from './layout';
import type { IWorkerRequest, WorkerAnswer } from './layout.worker';

const KEPT = 32; // layouts
const ANSWER_LIMIT = 15_000; // milliseconds; a page that forbids workers or WebAssembly may never answer

/** Lays graphs out. The same graph is not laid out again. */
export interface ILayoutEngine {
  /** Never rejects. */
  layout(request: ILayoutRequest): Promise<ILayout>;
}

interface IPending {
  resolve(text: string): void;
  reject(reason: Error): void;
}

/** Graphviz in a worker that starts with the first graph; columns where it cannot run. */
export class LayoutEngine implements ILayoutEngine, IDisposable {
  /** `makeWorker`: a worker that runs `layout.worker.ts`. */
  constructor(makeWorker: () => Promise<Worker>) {
    this._makeWorker = makeWorker;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    void this._worker?.then(worker => worker.terminate());
    this._worker = null;
    this._cache.clear();
  }

  layout(request: ILayoutRequest): Promise<ILayout> {
    const signature = signatureOf(request);
    let layout = this._cache.get(signature);
    if (layout === undefined) {
      layout = this._graphviz(request).catch((reason: unknown) => {
        console.warn('Pipeline Studio: Graphviz cannot run here, a simpler layout is used.', reason);
        return columnLayout(request);
      });
      this._cache.set(signature, layout);
      for (const oldest of [...this._cache.keys()].slice(0, -KEPT)) {
        this._cache.delete(oldest);
      }
    }
    return layout;
  }

  private async _graphviz(request: ILayoutRequest): Promise<ILayout> {
    if (request.nodes.length === 0) {
      return { width: 0, height: 0, nodes: [], edges: [], frames: [] };
    }
    const hasFrames = (request.frames ?? []).length > 0;
    const text = await this._run(dotOf(request), hasFrames ? 'json0' : 'plain');
    return hasFrames ? readJson(text, request) : readPlain(text, request);
  }

  private async _run(dot: string, format: IWorkerRequest['format']): Promise<string> {
    const worker = await (this._worker ??= this._start());
    this._count += 1;
    const id = this._count;
    return new Promise((resolve, reject) => {
      const settle = (action: () => void): void => {
        window.clearTimeout(timer);
        this._pending.delete(id);
        action();
      };
      const timer = window.setTimeout(
        () => settle(() => reject(new Error('The layout worker does not answer.'))),
        ANSWER_LIMIT
      );
      this._pending.set(id, {
        resolve: text => settle(() => resolve(text)),
        reject: reason => settle(() => reject(reason))
      });
      worker.postMessage({ id, dot, format } satisfies IWorkerRequest);
    });
  }

  private async _start(): Promise<Worker> {
    const worker = await this._makeWorker();
    worker.onmessage = (event: MessageEvent<WorkerAnswer>) => {
      const answer = event.data;
      if ('text' in answer) {
        this._pending.get(answer.id)?.resolve(answer.text);
      } else {
        this._pending.get(answer.id)?.reject(new Error(answer.error));
      }
    };
    worker.onerror = event => {
      this._worker = null;
      for (const request of [...this._pending.values()]) {
        request.reject(new Error(event.message || 'The layout worker failed.'));
      }
    };
    return worker;
  }

  private readonly _cache = new Map<string, Promise<ILayout>>();
  private readonly _pending = new Map<number, IPending>();
  private readonly _makeWorker: () => Promise<Worker>;
  private _worker: Promise<Worker> | null = null;
  private _count = 0;
  private _isDisposed = false;
}
