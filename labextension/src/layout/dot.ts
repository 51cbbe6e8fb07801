import type { IFrameRequest, ILayout, ILayoutEdge, ILayoutNode, ILayoutRequest } from './layout';
import { LABEL_HEIGHT, PADDING } from './layout';

export const INCH = 72; // pixels
/** Above this many nodes straight edges and few rounds: seconds become fractions of one. */
const LARGE = 300;

/** The graph in Graphviz's language. Names do not go in: nodes are numbered, so nothing needs quoting. */
export function dotOf(request: ILayoutRequest): string {
  const number = new Map(request.nodes.map((node, index) => [node.id, index]));
  const effort = request.nodes.length > LARGE ? 'splines=line nslimit=1 mclimit=.05' : 'splines=true';
  const lines = [
    `digraph { graph [rankdir=LR ranksep=0.55 nodesep=0.22 labeljust=l ${effort}]`,
    'node [shape=box fixedsize=true label=""] edge [arrowhead=none]'
  ];
  for (const [index, node] of request.nodes.entries()) {
    lines.push(`${index} [width=${(node.width / INCH).toFixed(4)} height=${(node.height / INCH).toFixed(4)}]`);
  }
  lines.push(...framesOf(request.frames ?? [], number));
  for (const [from, to] of request.edges) {
    const tail = number.get(from);
    const head = number.get(to);
    if (tail !== undefined && head !== undefined) {
      lines.push(`${tail} -> ${head}`);
    }
  }
  lines.push('}');
  return lines.join('\n');
}

/** Frames as clusters, numbered as nodes are. An empty table keeps the room of the label, whose text does not go in. */
function framesOf(frames: readonly IFrameRequest[], number: ReadonlyMap<string, number>): string[] {
  const index = new Map(frames.map((frame, at) => [frame.id, at]));
  const linesIn = (parent: string | null): string[] =>
    frames
      .filter(frame => frame.parent === parent)
      .flatMap(frame => [
        `subgraph cluster_${index.get(frame.id)} { graph [margin=${PADDING} label=<${room(frame.labelWidth)}>]`,
        frame.nodes.flatMap(id => number.get(id) ?? []).join(' '),
        ...linesIn(frame.id),
        '}'
      ]);
  return linesIn(null);
}

function room(width: number): string {
  const size = `fixedsize="true" width="${Math.round(width)}" height="${LABEL_HEIGHT}"`;
  return `<table border="0" cellborder="0" cellspacing="0" cellpadding="0" ${size}><tr><td></td></tr></table>`;
}

/** Read Graphviz's `plain` format (https://graphviz.org/docs/outputs/plain/): inches, origin at the lower left. */
export function readPlain(plain: string, request: ILayoutRequest): ILayout {
  const nodes: ILayoutNode[] = [];
  const edges: ILayoutEdge[] = [];
  let width = 0;
  let height = 0;
  for (const line of plain.split('\n')) {
    const words = line.split(' ');
    const value = (index: number): number => Number(words[index]) * INCH;
    const id = (index: number): string => request.nodes[Number(words[index])]?.id ?? '';
    if (words[0] === 'graph') {
      width = value(2);
      height = value(3);
    } else if (words[0] === 'node') {
      const [w, h] = [value(4), value(5)];
      nodes.push({ id: id(1), x: value(2) - w / 2, y: height - value(3) - h / 2, width: w, height: h });
    } else if (words[0] === 'edge') {
      const points: [number, number][] = [];
      for (let index = 0; index < Number(words[3]); index += 1) {
        points.push([value(4 + 2 * index), height - value(5 + 2 * index)]);
      }
      edges.push({ from: id(1), to: id(2), path: pathOf(points) });
    }
  }
  return { width, height, nodes, edges, frames: [] };
}

/** A start point and cubic Bézier triples as an SVG path. */
export function pathOf(points: readonly [number, number][]): string {
  return points
    .map(([x, y], index) => `${index === 0 ? 'M' : index === 1 ? 'C' : ''}${x.toFixed(1)},${y.toFixed(1)}`)
    .join(' ');
}
