import type { IStudioClient } from '../api/client';
import type { AttemptInfo, CellOutput, RunSummary, TaskStatus, ValueInfo } from '../api/schema';
import type { ITaskRef } from '../host';
import { recordOf } from './checked';
import type { IDiffLine } from './codediff';
import { linesBetween } from './codediff';

/** A task in one of the runs that are compared, in its newest try. */
export interface ITaskSide {
  readonly run: RunSummary;
  readonly task: TaskStatus;
  /** null: it has not begun. */
  readonly attempt: AttemptInfo | null;
  readonly cells: readonly CellOutput[];
  readonly values: readonly ValueInfo[];
}

export interface ICellTimes {
  /** The first line of its source. */
  readonly title: string;
  readonly before: number | null; // seconds
  readonly after: number | null;
}

export interface IValuePair {
  readonly name: string;
  readonly before: ValueInfo | null;
  readonly after: ValueInfo | null;
  /** Whether both hold the same; null where that is not known. */
  readonly isSame: boolean | null;
}

/** What differs between a task of one run and the same task of another; empty lists: nothing does. */
export interface ITaskComparison {
  /** What it was told: version of the DAG, params of the run, arguments as they were rendered. */
  readonly given: readonly IDiffLine[];
  readonly source: readonly IDiffLine[];
  readonly outputs: readonly IDiffLine[];
  readonly cells: readonly ICellTimes[];
  readonly values: readonly IValuePair[];
}

/** Rejects with a `StudioError`; that the run has no such task is one. */
export async function fetchSide(client: IStudioClient, run: RunSummary, ref: ITaskRef): Promise<ITaskSide> {
  const path = { dag_id: run.dag_id, run_id: run.run_id, task_id: ref.taskId };
  const query = { map_index: ref.mapIndex };
  const [detail, output, values] = await Promise.all([
    client.call('get_task', { path, query }),
    client.call('get_output', { path, query }),
    client.call('list_values', { path, query })
  ]);
  return {
    run,
    task: detail.task,
    attempt: detail.attempts.at(-1) ?? null,
    // What papermill put in is among the arguments.
    cells: output.cells.filter(
      cell => cell.cell_type === 'code' && !cell.hidden && !cell.source.startsWith('# Parameters\n')
    ),
    values: values.values
  };
}

export function compared(before: ITaskSide, after: ITaskSide): ITaskComparison {
  return {
    given: linesBetween(givenText(before), givenText(after)),
    source: linesBetween(cellsText(before, cell => cell.source), cellsText(after, cell => cell.source)),
    outputs: linesBetween(cellsText(before, outputText), cellsText(after, outputText)),
    cells: timesOf(before.cells, after.cells),
    values: pairsOf(before.values, after.values)
  };
}

/** Seconds that the newest try took; null: it has not ended. */
export function tookOf({ task: { started_at: start, ended_at: end } }: ITaskSide): number | null {
  return start === null || end === null ? null : (Date.parse(end) - Date.parse(start)) / 1000;
}

/** The run that one would compare with first: the last one before it that went well, otherwise the last before it. */
export function comparable(runs: readonly RunSummary[], shown: RunSummary, taskId: string): RunSummary | null {
  const others = runs.filter(
    run => run.run_id !== shown.run_id && (run.subset.length === 0 || run.subset.includes(taskId))
  );
  const older = others.filter(run => run.run_after <= shown.run_after);
  return older.find(run => run.state === 'success') ?? older[0] ?? others[0] ?? null;
}

function givenText({ run, attempt }: ITaskSide): string {
  const told = { version: run.version.slice(0, 8), params: run.params, arguments: recordOf(attempt?.details['rendered']) };
  return `${JSON.stringify(told, null, 2)}\n`;
}

function cellsText({ cells }: ITaskSide, textOf: (cell: CellOutput) => string): string {
  return cells.map((cell, index) => `# %% ${index + 1}\n${textOf(cell).replace(/\n*$/, '\n')}`).join('\n');
}

/** What of a cell's outputs is text; of pictures only that they are there. */
function outputText({ outputs }: CellOutput): string {
  return outputs
    .map(output => {
      if (output['output_type'] === 'stream') {
        return joined(output['text']);
      }
      if (output['output_type'] === 'error') {
        return `${joined(output['ename'])}: ${joined(output['evalue'])}\n`;
      }
      const data = recordOf(output['data']);
      return `${joined(data['text/plain']) || Object.keys(data).join(', ')}\n`;
    })
    .join('');
}

/** nbformat keeps long text as a list of lines. */
function joined(text: unknown): string {
  return Array.isArray(text) ? text.join('') : typeof text === 'string' ? text : '';
}

function timesOf(before: readonly CellOutput[], after: readonly CellOutput[]): ICellTimes[] {
  return Array.from({ length: Math.max(before.length, after.length) }, (_, index) => ({
    title: ((after[index] ?? before[index])?.source ?? '').trim().split('\n')[0] ?? '',
    before: before[index]?.duration ?? null,
    after: after[index]?.duration ?? null
  }));
}

function pairsOf(before: readonly ValueInfo[], after: readonly ValueInfo[]): IValuePair[] {
  const [old, now] = [before, after].map(values => new Map(values.map(value => [value.name, value])));
  return [...new Set([...(now?.keys() ?? []), ...(old?.keys() ?? [])])].map(name => {
    const [left, right] = [old?.get(name) ?? null, now?.get(name) ?? null];
    return { name, before: left, after: right, isSame: isSame(left, right) };
  });
}

function isSame(left: ValueInfo | null, right: ValueInfo | null): boolean | null {
  if (left === null || right === null) {
    return false;
  }
  if (left.digest !== null && right.digest !== null) {
    return left.digest === right.digest || (left.format !== 'cloudpickle' ? false : null); // pickles of one object may differ
  }
  return JSON.stringify(left.preview) === JSON.stringify(right.preview);
}
