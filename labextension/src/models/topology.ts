import type { IGraphNode } from './dag';

/** Everything that waits for `tasks`, near ones first; without them. */
export function downstreamOf(nodes: readonly IGraphNode[], tasks: Iterable<string>): string[] {
  const children = new Map<string, string[]>();
  for (const node of nodes) {
    for (const upstream of node.upstream) {
      children.set(upstream, [...(children.get(upstream) ?? []), node.id]);
    }
  }
  return reached(tasks, id => children.get(id) ?? []);
}

/** Everything that `tasks` wait for, near ones first; without them. */
export function upstreamOf(nodes: readonly IGraphNode[], tasks: Iterable<string>): string[] {
  const byId = new Map(nodes.map(node => [node.id, node]));
  return reached(tasks, id => byId.get(id)?.upstream ?? []);
}

function reached(tasks: Iterable<string>, next: (id: string) => readonly string[]): string[] {
  const found = new Set(tasks);
  const given = found.size;
  for (const id of found) {
    next(id).forEach(other => found.add(other)); // the loop comes to these, too
  }
  return [...found].slice(given);
}
