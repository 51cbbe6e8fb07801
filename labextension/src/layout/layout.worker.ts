/** Runs Graphviz (WebAssembly) off the page's thread. */
export interface IWorkerRequest {
  id: number;
  dot: string;
}

export type WorkerAnswer = { id: number; plain: string } | { id: number; error: string };

// Imported when the worker runs: what it imports at its top the bundler does not load in a worker.
const engine = import('@hpcc-js/wasm-graphviz').then(({ Graphviz }) => Graphviz.load());

self.onmessage = (event: MessageEvent<IWorkerRequest>): void => {
  const { id, dot } = event.data;
  engine
    .then(graphviz => answer({ id, plain: graphviz.layout(dot, 'plain', 'dot') }))
    .catch((reason: unknown) => answer({ id, error: String(reason) }));
};

function answer(message: WorkerAnswer): void {
  self.postMessage(message);
}
