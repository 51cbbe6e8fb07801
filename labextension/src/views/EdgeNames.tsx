import type { ReactElement } from 'react';

import type { ILayout } from '../layout/layout';
import type { IGraphNode } from '../models/dag';
import { cutMiddle } from './text';

const MOST = 3; // names on an edge
const LONGEST = 22; // characters of a name
const CHARACTER = 6.4; // pixels, about, of the font

/** From one task to another, as a key. */
export function edgeKey(from: string, to: string): string {
  return `${from}→${to}`;
}

/** The names that tasks pass on, by edge. */
export function namesOf(nodes: readonly IGraphNode[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const node of nodes) {
    for (const { name, by } of node.reads ?? []) {
      const key = edgeKey(by, node.id);
      found.set(key, [...(found.get(key) ?? []), name]);
    }
  }
  return found;
}

export interface IEdgeNamesProps {
  layout: ILayout;
  names: ReadonlyMap<string, readonly string[]>;
  /** Edges of these tasks, and these edges, are named. */
  pointed: readonly (string | null)[];
}

/** What is passed along the edges that are looked at. */
export function EdgeNames({ layout, names, pointed }: IEdgeNamesProps): ReactElement {
  const isPointed = (from: string, to: string): boolean =>
    [from, to, edgeKey(from, to)].some(each => pointed.includes(each));
  return (
    <>
      {layout.edges.map(({ from, to, path }) => {
        const passed = names.get(edgeKey(from, to));
        if (passed === undefined || !isPointed(from, to)) {
          return null;
        }
        const more = passed.length > MOST ? `, +${passed.length - MOST}` : '';
        const text = passed.slice(0, MOST).map(name => cutMiddle(name, LONGEST)).join(', ') + more;
        const width = text.length * CHARACTER + 12;
        const [x, y] = middleOf(path);
        return (
          <g key={edgeKey(from, to)} className="jp-Studio-edgeName" transform={`translate(${x}, ${y})`} aria-hidden>
            <rect x={-width / 2} y={-9} width={width} height={18} rx={4} />
            <text textAnchor="middle" y={4}>
              {text}
            </text>
          </g>
        );
      })}
    </>
  );
}

/** The middle of a path of cubic Bézier curves, about. */
function middleOf(path: string): [number, number] {
  const numbers = (path.match(/-?\d+(\.\d+)?/g) ?? []).map(Number);
  const at = (index: number): [number, number] => [numbers[2 * index] ?? 0, numbers[2 * index + 1] ?? 0];
  const curves = Math.floor((numbers.length / 2 - 1) / 3);
  if (curves < 1) {
    return at(Math.floor(numbers.length / 4));
  }
  const points = [0, 1, 2, 3].map(index => at(3 * Math.floor((curves - 1) / 2) + index));
  if (curves % 2 === 0) {
    return points[3] ?? [0, 0];
  }
  const along = (axis: 0 | 1): number =>
    [1, 3, 3, 1].reduce((sum, weight, index) => sum + (weight * (points[index]?.[axis] ?? 0)) / 8, 0);
  return [along(0), along(1)];
}
