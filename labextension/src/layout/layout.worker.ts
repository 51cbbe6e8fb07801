/** Runs Graphviz (WebAssembly) off the page's thread. */
export interface IWorkerRequest {
  id: number;
  dot: string;
  /** `plain` is short; only `json0` tells of frames. */
  format: 'plain' | 'json0';
}

export type WorkerAnswer = { id: number; text: string } | { id: number; error: string };

/** Of what it can write, the package's types leave some out. */
type Format = Parameters<Awaited<typeof engine>['layout']>[1];

// Imported when the worker runs: what it imports at its top the bundler does not load in a worker.
const engine = import('@hpcc-js/wasm-graphviz').then(({ Graphviz }) => Graphviz.load());

self.onmessage = (event: MessageEvent<IWorkerRequest>): void => {
  const { id, dot, format } = event.data;
  engine
    .then(graphviz => answer({ id, text: graphviz.layout(dot, format as Format, 'dot') }))
    .catch((reason: unknown) => answer({ id, error: String(reason) }));
};

function answer(message: WorkerAnswer): void {
  self.postMessage(message);
}
