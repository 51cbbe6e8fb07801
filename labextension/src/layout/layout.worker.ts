/** Runs Graphviz (WebAssembly) off the page's thread. */
import { Graphviz } from '@hpcc-js/wasm-graphviz';

export interface IWorkerRequest {
  id: number;
  dot: string;
}

export type WorkerAnswer = { id: number; plain: string } | { id: number; error: string };

const engine = Graphviz.load();

self.onmessage = (event: MessageEvent<IWorkerRequest>): void => {
  const { id, dot } = event.data;
  engine
    .then(graphviz => answer({ id, plain: graphviz.layout(dot, 'plain', 'dot') }))
    .catch((reason: unknown) => answer({ id, error: String(reason) }));
};

function answer(message: WorkerAnswer): void {
  self.postMessage(message);
}
