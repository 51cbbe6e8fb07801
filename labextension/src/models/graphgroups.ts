import type { IGraphNode } from './dag';
import type { IGroup } from './groups';
import { pathOf, shortOf } from './groups';
import type { INodeStatus } from './run';
import { mostTelling } from './run';
import { isTaskOver } from './order';

/** Above this many tasks a graph begins with its groups folded. */
const LARGE = 100;

/** A group that is drawn: as a frame around its tasks, or folded to one node. */
export interface IDrawnGroup {
  /** In a layout. No task has such a name. */
  readonly key: string;
  readonly id: string;
  readonly label: string;
  /** The key of the frame around it; null: none. */
  readonly parent: string | null;
  /** All tasks in it, and in the groups in it. */
  readonly members: readonly string[];
  readonly isFolded: boolean;
}

export interface IDrawnTask {
  readonly node: IGraphNode;
  /** What it is called in its frame. */
  readonly label: string;
  readonly parent: string | null;
}

/** What is drawn of a graph while some of its groups are folded. */
export interface IGroupedGraph {
  /** By key, which is the task's id; in the order of the definition, as `groups`. */
  readonly tasks: ReadonlyMap<string, IDrawnTask>;
  /** By key; a group stands after the one around it. */
  readonly groups: ReadonlyMap<string, IDrawnGroup>;
  /** By key; between what is drawn, each once. */
  readonly edges: readonly (readonly [string, string])[];
}

/** The key of what is drawn for a task: itself, or the folded group that it is in; null: nothing. */
export function shownFor(graph: IGroupedGraph, taskId: string): string | null {
  if (graph.tasks.has(taskId)) {
    return taskId;
  }
  return [...graph.groups.values()].find(({ isFolded, members }) => isFolded && members.includes(taskId))?.key ?? null;
}

/** The key of a group in a layout. */
export function groupKey(id: string): string {
  return `${id}/`;
}

/** Tasks in folded groups are not drawn; their edges are those of the group, and inside of it there are none. */
export function groupedGraph(
  nodes: readonly IGraphNode[],
  groups: readonly IGroup[],
  folded: ReadonlySet<string>
): IGroupedGraph {
  const specs = new Map(groups.map(group => [group.id, group]));
  const members = new Map<string, string[]>();
  const tasks = new Map<string, IDrawnTask>();
  const drawn = new Map<string, IDrawnGroup>();
  const shown = new Map<string, string>(); // task → key of what is drawn for it
  for (const node of nodes) {
    const path = pathOf(node.group ?? '', specs);
    for (const id of path) {
      const inside = members.get(id) ?? [];
      inside.push(node.id);
      members.set(id, inside);
    }
    const outermost = path.findIndex(id => folded.has(id));
    const seen = outermost < 0 ? path : path.slice(0, outermost + 1);
    for (const [depth, id] of seen.entries()) {
      const around = seen[depth - 1];
      if (!drawn.has(groupKey(id))) {
        drawn.set(groupKey(id), {
          key: groupKey(id),
          id,
          label: specs.get(id)?.label || shortOf(id, around),
          parent: around === undefined ? null : groupKey(around),
          members: [],
          isFolded: depth === outermost
        });
      }
    }
    const inner = seen.at(-1);
    if (outermost < 0) {
      const parent = inner === undefined ? null : groupKey(inner);
      tasks.set(node.id, { node, label: shortOf(node.id, inner), parent });
    }
    shown.set(node.id, outermost < 0 || inner === undefined ? node.id : groupKey(inner));
  }
  return {
    tasks,
    groups: new Map([...drawn].map(([key, group]) => [key, { ...group, members: members.get(group.id) ?? [] }])),
    edges: edgesOf(nodes, shown)
  };
}

function edgesOf(nodes: readonly IGraphNode[], shown: ReadonlyMap<string, string>): (readonly [string, string])[] {
  const edges = new Map<string, readonly [string, string]>();
  for (const node of nodes) {
    for (const upstream of node.upstream) {
      const [from, to] = [shown.get(upstream) ?? upstream, shown.get(node.id) ?? node.id];
      if (from !== to || upstream === node.id) {
        edges.set(`${from} ${to}`, [from, to]);
      }
    }
  }
  return [...edges.values()];
}

/** The groups that hold tasks: those that can be folded. */
export function foldable(nodes: readonly IGraphNode[], groups: readonly IGroup[]): string[] {
  const specs = new Map(groups.map(group => [group.id, group]));
  return [...new Set(nodes.flatMap(node => pathOf(node.group ?? '', specs)))];
}

/** What is folded until a person folds or unfolds something: nothing, unless there is too much to see. */
export function foldedAtFirst(nodes: readonly IGraphNode[], groups: readonly IGroup[]): string[] {
  return nodes.length > LARGE ? foldable(nodes, groups) : [];
}

/** What a group shows: the state that tells most, how much of it is done, and from when to when. */
export function groupStatus(
  members: readonly string[],
  status: (id: string) => INodeStatus | null
): INodeStatus | null {
  const known = members.flatMap(id => status(id) ?? []);
  const state = mostTelling(known.map(one => one.state));
  if (state === undefined) {
    return null;
  }
  const count = (of: (one: INodeStatus) => number): number => known.reduce((sum, one) => sum + of(one), 0);
  const starts = known.flatMap(one => one.startedAt ?? []).sort();
  const ends = known.flatMap(one => one.endedAt ?? []).sort();
  const done = count(one => one.mapped?.done ?? (isTaskOver(one.state) ? 1 : 0));
  const total = count(one => one.mapped?.total ?? 1);
  return {
    state,
    startedAt: starts[0] ?? null,
    endedAt: done === total ? (ends.at(-1) ?? null) : null,
    tryNumber: 0,
    mapped: { done, total }
  };
}
