import type { GridCells, GroupSpec, RunSummary, TaskState, TaskStatus } from '../api/schema';
import { pathOf, shortOf } from './groups';
import { isTaskOver } from './order';
import { mostTelling } from './run';

/** A task of a run, in a grid. */
export interface IGridCell {
  /** Of several instances the one that tells most. */
  readonly state: TaskState;
  /** Instances that are over. */
  readonly done: number;
  /** 1, unless the task is mapped. */
  readonly total: number;
}

export interface IGridRow {
  readonly run: RunSummary;
  /** By task id; a task that the run does not have is not in it. */
  readonly cells: ReadonlyMap<string, IGridCell>;
}

/** The cell of these instances, of which there is at least one. */
export function cellOf(states: readonly TaskState[]): IGridCell {
  const done = states.filter(isTaskOver).length;
  return { state: mostTelling(states) ?? 'none', done, total: states.length };
}

export function cellsOf(tasks: readonly TaskStatus[]): Map<string, IGridCell> {
  return collected(tasks.map(task => [task.task_id, task.state, 1]));
}

/** `cells` as they come; `tasks` are what they point to. */
export function cellsOfGrid(cells: readonly GridCells[], tasks: readonly string[]): Map<string, IGridCell> {
  return collected(
    cells.flatMap(({ state, tasks: indexes, counts = [] }) =>
      indexes.map((index, at): [string, TaskState, number] => [tasks[index] ?? '', state, counts[at] ?? 1])
    )
  );
}

function collected(parts: readonly (readonly [string, TaskState, number])[]): Map<string, IGridCell> {
  const cells = new Map<string, IGridCell>();
  for (const [task, state, count] of parts) {
    const known = cells.get(task);
    const done = isTaskOver(state) ? count : 0;
    cells.set(
      task,
      known === undefined
        ? { state, done, total: count }
        : {
            state: mostTelling([known.state, state]) ?? state,
            done: known.done + done,
            total: known.total + count
          }
    );
  }
  return cells;
}

/** A line of the grid: a task, or a group that can be folded. */
export interface IGridLine {
  readonly id: string;
  readonly label: string;
  /** How many groups are around it. */
  readonly depth: number;
  /** Of a group: all tasks in it, and in the groups in it. Of a task: null. */
  readonly members: readonly string[] | null;
}

/** The lines to show for `tasks`, which stay in their order; a group stands where its first task would. */
export function linesOf(
  tasks: readonly string[],
  groupOf: ReadonlyMap<string, string>,
  groups: readonly GroupSpec[],
  folded: ReadonlySet<string>
): IGridLine[] {
  const specs = new Map(groups.map(group => [group.id, group]));
  const paths = new Map(tasks.map(task => [task, pathOf(groupOf.get(task) ?? '', specs)]));
  const lines: IGridLine[] = [];
  const add = (members: readonly string[], depth: number): void => {
    const seen = new Set<string>();
    for (const task of members) {
      const group = paths.get(task)?.[depth];
      if (group === undefined) {
        lines.push({ id: task, label: shortOf(task, paths.get(task)?.[depth - 1]), depth, members: null });
      } else if (!seen.has(group)) {
        seen.add(group);
        const inside = members.filter(other => paths.get(other)?.[depth] === group);
        lines.push({ id: group, label: specs.get(group)?.label || shortOf(group, specs.get(group)?.parent), depth, members: inside });
        if (!folded.has(group)) {
          add(inside, depth + 1);
        }
      }
    }
  };
  add(tasks, 0);
  return lines;
}

/** What a folded group shows of a run: null if the run has none of its tasks. */
export function groupCell(row: IGridRow, members: readonly string[]): IGridCell | null {
  const cells = members.flatMap(task => row.cells.get(task) ?? []);
  const state = mostTelling(cells.map(cell => cell.state));
  if (state === undefined) {
    return null;
  }
  const sum = (count: (cell: IGridCell) => number): number => cells.reduce((total, cell) => total + count(cell), 0);
  return { state, done: sum(cell => cell.done), total: sum(cell => cell.total) };
}
