import { isRecord, recordOf } from '../models/checked';
import { INCH, pathOf } from './dot';
import type { ILayout, ILayoutNode, ILayoutRequest } from './layout';

/** Read Graphviz's `json0` format (https://graphviz.org/docs/outputs/json/): points, origin at the lower left. */
export function readJson(text: string, request: ILayoutRequest): ILayout {
  const found = recordOf(JSON.parse(text));
  const [, , width = 0, height = 0] = numbers(found['bb']);
  const nodes: ILayoutNode[] = [];
  const frames: ILayoutNode[] = [];
  const names = new Map<unknown, string>(); // Graphviz's own number → node
  for (const object of listOf(found['objects'])) {
    const name = String(object['name']);
    if (name.startsWith('cluster_')) {
      const id = request.frames?.[Number(name.slice('cluster_'.length))]?.id;
      const [left = 0, low = 0, right = 0, high = 0] = numbers(object['bb']);
      if (id !== undefined) {
        frames.push({ id, x: left, y: height - high, width: right - left, height: high - low });
      }
    } else {
      const node = request.nodes[Number(name)];
      const [x = 0, y = 0] = numbers(object['pos']);
      const [w, h] = [Number(object['width']) * INCH, Number(object['height']) * INCH];
      if (node !== undefined) {
        names.set(object['_gvid'], node.id);
        nodes.push({ id: node.id, x: x - w / 2, y: height - y - h / 2, width: w, height: h });
      }
    }
  }
  const edges = listOf(found['edges']).flatMap(edge => {
    const [from, to] = [names.get(edge['tail']), names.get(edge['head'])];
    const points = numbers(edge['pos']).flatMap((x, at, all): [number, number][] =>
      at % 2 === 0 ? [[x, height - (all[at + 1] ?? 0)]] : []
    );
    return from === undefined || to === undefined ? [] : [{ from, to, path: pathOf(points) }];
  });
  return { width, height, nodes, edges, frames };
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

/** "8,8,408,148", or points: "162.4,46.7 183.4,47.2". */
function numbers(text: unknown): number[] {
  return typeof text === 'string' ? text.split(/[ ,]/).filter(word => word !== '').map(Number) : [];
}
