import { structuredPatch } from 'diff';

import type { VersionCode } from '../api/schema';
import { trans } from '../trans';

const AROUND = 3; // lines that stay in sight around what changed

/** A part of a version that can be read by itself: its settings, or a task. */
export interface ICodePart {
  /** "" for the settings of the DAG. */
  readonly taskId: string;
  readonly title: string;
  /** Where the code is from. */
  readonly where: string;
  readonly settings: string;
  readonly code: string;
}

export function partsOf(code: VersionCode): ICodePart[] {
  return [
    { taskId: '', title: trans.__('The DAG'), where: '', settings: code.settings, code: '' },
    ...code.tasks.map(task => ({
      taskId: task.task_id,
      title: task.task_id,
      where: task.where,
      settings: task.settings,
      code: task.code
    }))
  ];
}

export type LineKind = 'same' | 'added' | 'removed' | 'gap';

export interface IDiffLine {
  readonly kind: LineKind;
  readonly text: string;
}

export interface IPartDiff {
  readonly title: string;
  readonly change: 'added' | 'removed' | 'changed';
  readonly lines: readonly IDiffLine[];
}

/** What changed from one version to another, part by part; what is the same in both is left out. */
export function diffOf(before: VersionCode, after: VersionCode): IPartDiff[] {
  const [old, now] = [before, after].map(code => new Map(partsOf(code).map(part => [part.taskId, part])));
  if (old === undefined || now === undefined) {
    return [];
  }
  const ids = [...now.keys(), ...[...old.keys()].filter(id => !now.has(id))];
  return ids.flatMap(id => {
    const [left, right] = [old.get(id), now.get(id)];
    const lines = linesBetween(textOf(left), textOf(right));
    const change = left === undefined ? 'added' : right === undefined ? 'removed' : 'changed';
    return lines.length === 0 ? [] : [{ title: (right ?? left)?.title ?? '', change, lines }];
  });
}

function textOf(part: ICodePart | undefined): string {
  return part === undefined ? '' : part.settings + part.code;
}

/** Lines of a diff with a few around them; none if the texts are the same. */
export function linesBetween(before: string, after: string): IDiffLine[] {
  const { hunks } = structuredPatch('', '', before, after, undefined, undefined, { context: AROUND });
  return hunks.flatMap((hunk, index) => {
    const lines = hunk.lines.filter(line => !line.startsWith('\\')).map(lineOf);
    return index === 0 ? lines : [{ kind: 'gap', text: '⋯' } as const, ...lines];
  });
}

function lineOf(line: string): IDiffLine {
  const kinds: Readonly<Record<string, LineKind>> = { '+': 'added', '-': 'removed' };
  return { kind: kinds[line.charAt(0)] ?? 'same', text: line.slice(1) };
}
