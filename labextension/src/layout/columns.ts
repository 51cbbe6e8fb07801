import type { ILayout, ILayoutRequest } from './layout';
import { LABEL_HEIGHT, PADDING } from './layout';

const GAP_X = 48; // pixels
const GAP_Y = 18; // pixels

/** A plain layout without an engine: a column for each distance from the roots. Used where Graphviz cannot run. */
export function columnLayout(request: ILayoutRequest): ILayout {
  const upstream = new Map<string, string[]>();
  for (const [from, to] of request.edges) {
    upstream.set(to, [...(upstream.get(to) ?? []), from]);
  }
  const depths = depthsOf(request, upstream);
  const columns: ILayoutRequest['nodes'][number][][] = [];
  for (const node of request.nodes) {
    (columns[depths.get(node.id) ?? 0] ??= []).push(node);
  }
  const tallest = Math.max(0, ...columns.map(heightOf));
  const placed = new Map<string, ILayout['nodes'][number]>();
  let x = 0;
  for (const column of columns) {
    let y = (tallest - heightOf(column)) / 2;
    for (const node of column) {
      placed.set(node.id, { ...node, x, y });
      y += node.height + GAP_Y;
    }
    x += Math.max(0, ...column.map(node => node.width)) + GAP_X;
  }
  const edges = request.edges.flatMap(([from, to]) => {
    const [tail, head] = [placed.get(from), placed.get(to)];
    if (tail === undefined || head === undefined) {
      return [];
    }
    const [x1, y1, x2, y2] = [tail.x + tail.width, tail.y + tail.height / 2, head.x, head.y + head.height / 2];
    return [{ from, to, path: `M${x1},${y1} C${x1 + GAP_X / 2},${y1} ${x2 - GAP_X / 2},${y2} ${x2},${y2}` }];
  });
  const frames = framesAround(request, placed);
  return { width: Math.max(0, x - GAP_X), height: tallest, nodes: [...placed.values()], edges, frames };
}

/** Frames as large as what stands in them. Here others may stand in their way: columns know no frames. */
function framesAround(
  request: ILayoutRequest,
  placed: ReadonlyMap<string, ILayout['nodes'][number]>
): ILayout['nodes'][number][] {
  const made = new Map<string, ILayout['nodes'][number]>();
  for (const frame of [...(request.frames ?? [])].reverse()) {
    const inner = (request.frames ?? []).flatMap(other => (other.parent === frame.id ? (made.get(other.id) ?? []) : []));
    const inside = [...frame.nodes.flatMap(id => placed.get(id) ?? []), ...inner];
    if (inside.length > 0) {
      const x = Math.min(...inside.map(node => node.x)) - PADDING;
      const y = Math.min(...inside.map(node => node.y)) - PADDING - LABEL_HEIGHT;
      const width = Math.max(...inside.map(node => node.x + node.width)) + PADDING - x;
      const height = Math.max(...inside.map(node => node.y + node.height)) + PADDING - y;
      made.set(frame.id, { id: frame.id, x, y, width: Math.max(width, frame.labelWidth), height });
    }
  }
  return [...made.values()].reverse();
}

function heightOf(column: readonly { height: number }[]): number {
  return column.reduce((sum, node) => sum + node.height + GAP_Y, -GAP_Y);
}

/** Longest way from a root; a cycle (which no server accepts, but a cell may draw) ends after as many steps as nodes. */
function depthsOf(request: ILayoutRequest, upstream: ReadonlyMap<string, readonly string[]>): Map<string, number> {
  const depths = new Map(request.nodes.map(node => [node.id, 0]));
  for (let round = 0; round < request.nodes.length; round += 1) {
    let moved = false;
    for (const [id, parents] of upstream) {
      const depth = Math.max(0, ...parents.map(parent => (depths.get(parent) ?? -1) + 1));
      if (depths.has(id) && depth > (depths.get(id) ?? 0) && depth < request.nodes.length) {
        depths.set(id, depth);
        moved = true;
      }
    }
    if (!moved) {
      break;
    }
  }
  return depths;
}
