/**
 * The views of cells where our JupyterLab extension is not (VS Code, Colab): one module, which the kernel's package
 * brings along and a loader of a few lines asks for. See `studio/widgets/twin.py`.
 */
import type { ReactElement } from 'react';
import { createRoot } from 'react-dom/client';

import { StudioClient } from '../api/client';
import { StudioStream } from '../api/stream';
import type { IKernelModel } from '../host/kernel';
import { KernelHost } from '../host/kernel';
import { LayoutEngine } from '../layout/engine';
import { readGraphData } from '../models/graphdata';
import { readViewData } from '../models/viewdata';
import type { IStudio } from '../tokens';
import { trans } from '../trans';
import { Empty } from '../views/Notes';
import type { ICellView } from '../widgets/cellview';
import { openView } from '../widgets/cellview';
import { GraphView } from '../widgets/graphview';
import { addStyles, themed } from './theme';

/** Draw the widget of `model` in `el` and keep it current. Returns what ends it. */
export async function mount(model: IKernelModel, el: HTMLElement): Promise<() => void> {
  const host = new KernelHost(model);
  const stream = new StudioStream({ host });
  const engine = new LayoutEngine(() => layoutWorker(host));
  const studio: IStudio = { host, client: new StudioClient({ host }), stream, engine };
  await addStyles(el, host);
  const { frame, release } = themed(el);
  const node = document.createElement('div');
  node.className = 'jp-Studio jp-Studio-live';
  frame.appendChild(node);
  el.appendChild(frame);
  const root = createRoot(node);
  let view = open(model, studio, null);
  const draw = (): void => root.render(view?.render() ?? nothing());
  const onChanged = (): void => {
    const data = graphOf(model);
    if (data !== null && view instanceof GraphView && view.take(data)) {
      return;
    }
    view?.dispose();
    view = open(model, studio, view);
    draw();
  };
  model.on('change:shown', onChanged);
  draw();
  return () => {
    model.off('change:shown', onChanged);
    root.unmount();
    view?.dispose();
    stream.dispose();
    engine.dispose();
    host.dispose();
    release();
    frame.remove();
  };
}

function open(model: IKernelModel, studio: IStudio, former: ICellView | null): ICellView | null {
  const graph = graphOf(model);
  if (graph !== null) {
    return new GraphView(graph, studio, former instanceof GraphView ? former.taskId : null);
  }
  const data = readViewData(shown(model, 'view'));
  return data === null ? null : openView(data, studio);
}

function graphOf(model: IKernelModel): ReturnType<typeof readGraphData> {
  return readGraphData(shown(model, 'graph'));
}

/** `{graph: …}` or `{view: …}`: what the MIME types of the same names hold. */
function shown(model: IKernelModel, name: 'graph' | 'view'): unknown {
  return (model.get('shown') as Record<string, unknown> | null)?.[name];
}

function nothing(): ReactElement {
  return <Empty title={trans.__('This output holds no view that can be drawn. Run its cell again.')} />;
}

/** From a blob: a page of another origin than the kernel's cannot load a worker from anywhere else. */
async function layoutWorker(host: KernelHost): Promise<Worker> {
  const url = URL.createObjectURL(await host.asset('layout.js'));
  try {
    return new Worker(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}
