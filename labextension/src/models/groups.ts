/** A group of tasks, as a definition has it. */
export interface IGroup {
  readonly id: string;
  /** The group around it; "" or nothing: none. */
  readonly parent?: string;
  readonly label?: string;
}

/** The groups around a task, the outermost first; what is no group, or goes in a circle, is left out. */
export function pathOf(group: string, specs: ReadonlyMap<string, IGroup>): string[] {
  const path: string[] = [];
  for (let id = group; specs.has(id) && !path.includes(id); id = specs.get(id)?.parent ?? '') {
    path.unshift(id);
  }
  return path;
}

/** Without the name of the group around it, which stands above. */
export function shortOf(id: string, group = ''): string {
  return group !== '' && id.startsWith(`${group}.`) ? id.slice(group.length + 1) : id;
}
