import type { TaskState } from '../api/schema';
import { TASK_STATES } from '../api/schema';
import type { IGraphNode } from './dag';

export const GRAPH_MIME_TYPE = 'application/vnd.pipeline-studio.graph+json';

const MOST_TASKS = 5000;
const MOST_CHIPS = 14;

/** What a cell's output says of a DAG. */
export interface IGraphData {
  readonly dagId: string;
  readonly nodes: readonly IGraphNode[];
  /** Show this run; null follows the newest. */
  readonly runId: string | null;
  /** How many of the newest runs to offer. */
  readonly runs: number;
  readonly states: Readonly<Record<string, TaskState>>;
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
    runId: typeof json['run_id'] === 'string' ? json['run_id'] : null,
    runs: typeof runs === 'number' ? Math.min(Math.max(Math.round(runs), 1), MOST_CHIPS) : 1,
    states: readStates(json['states'])
  };
}

function readNode(json: unknown): IGraphNode | null {
  if (!isRecord(json) || typeof json['id'] !== 'string') {
    return null;
  }
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  const upstream = Array.isArray(json['upstream']) ? json['upstream'].filter(id => typeof id === 'string') : [];
  return { id: json['id'], kind: text(json['kind']), label: text(json['label']), upstream };
}

function readStates(json: unknown): Record<string, TaskState> {
  const states = Object.entries(isRecord(json) ? json : {}).filter(([, state]) => isTaskState(state));
  return Object.fromEntries(states) as Record<string, TaskState>;
}

function isTaskState(value: unknown): value is TaskState {
  return (TASK_STATES as readonly unknown[]).includes(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
