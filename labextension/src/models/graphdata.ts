import type { CellProblem, TaskState } from '../api/schema';
import { TASK_STATES } from '../api/schema';
import { isRecord, recordOf, textOr, textsOf, wholeOr } from './checked';
import type { IGraphNode, IRead } from './dag';
import type { IGroup } from './groups';
import type { ITrialData } from './trialdata';
import { readTrial } from './trialdata';

export const GRAPH_MIME_TYPE = 'application/vnd.pipeline-studio.graph+json';

const MOST_TASKS = 5000;
const MOST_CHIPS = 14;
const MOST_PROBLEMS = 200;

/** What a cell's output says of a DAG. */
export interface IGraphData {
  readonly dagId: string;
  readonly nodes: readonly IGraphNode[];
  readonly groups: readonly IGroup[];
  /** Show this run; null follows the newest. */
  readonly runId: string | null;
  /** How many of the newest runs to offer. */
  readonly runs: number;
  readonly states: Readonly<Record<string, TaskState>>;
  /** It is made of marked cells, of the notebook that it is shown in. */
  readonly isOfCells: boolean;
  readonly problems: readonly CellProblem[];
  /** It is a run in a kernel; null: it is a DAG of the server, or to be one. */
  readonly trial: ITrialData | null;
}

/** Read a cell's output; null if it is not what it should be. A notebook may come from anybody, so all is checked. */
export function readGraphData(json: unknown): IGraphData | null {
  if (!isRecord(json) || json['version'] !== 1 || typeof json['dag_id'] !== 'string' || !Array.isArray(json['tasks'])) {
    return null;
  }
  const nodes = json['tasks'].slice(0, MOST_TASKS).map(readNode);
  if (nodes.some(node => node === null)) {
    return null;
  }
  const known = nodes.filter(node => node !== null);
  const runs = json['runs'];
  return {
    dagId: json['dag_id'],
    nodes: known,
    groups: listOf(json['groups']).slice(0, MOST_TASKS).flatMap(readGroup),
    runId: typeof json['run_id'] === 'string' ? json['run_id'] : null,
    runs: typeof runs === 'number' ? Math.min(Math.max(Math.round(runs), 1), MOST_CHIPS) : 1,
    states: readStates(json['states']),
    isOfCells: json['cells'] === true,
    problems: listOf(json['problems']).slice(0, MOST_PROBLEMS).map(readProblem),
    trial: readTrial(json['trial'])
  };
}

function readNode(json: unknown): IGraphNode | null {
  if (!isRecord(json) || typeof json['id'] !== 'string') {
    return null;
  }
  const { id, kind, label, upstream, reads, gives, group } = json;
  const named = { id, kind: textOr(kind, ''), label: textOr(label, ''), upstream: textsOf(upstream) };
  const node = typeof group === 'string' ? { ...named, group } : named;
  return reads === undefined && gives === undefined
    ? node
    : { ...node, reads: listOf(reads).map(readRead), gives: textsOf(gives) };
}

function readGroup(json: unknown): IGroup[] {
  const { id, parent, label } = recordOf(json);
  return typeof id === 'string' ? [{ id, parent: textOr(parent, ''), label: textOr(label, '') }] : [];
}

function readRead(json: unknown): IRead {
  const { name, by } = recordOf(json);
  return { name: textOr(name, ''), by: textOr(by, '') };
}

function readProblem(json: unknown): CellProblem {
  const { code, message, hint, cell, line, severity, task } = recordOf(json);
  return {
    code: textOr(code, ''),
    message: textOr(message, ''),
    hint: textOr(hint, ''),
    cell: wholeOr(cell, null),
    line: wholeOr(line, null),
    severity: severity === 'warning' ? 'warning' : 'error',
    task: textOr(task, null)
  };
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

function readStates(json: unknown): Record<string, TaskState> {
  const states = Object.entries(isRecord(json) ? json : {}).filter(([, state]) => isTaskState(state));
  return Object.fromEntries(states) as Record<string, TaskState>;
}

function isTaskState(value: unknown): value is TaskState {
  return (TASK_STATES as readonly unknown[]).includes(value);
}
