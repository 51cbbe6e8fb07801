import type { JSONRecord } from './checked';
import { isRecord, oneOf, recordOf, textOr, wholeOr } from './checked';

export const VIEW_MIME_TYPE = 'application/vnd.pipeline-studio.view+json';

export const VIEWS = ['backfill', 'runs', 'task', 'output', 'params'] as const;

export type ViewName = (typeof VIEWS)[number];

/** Which view a cell's output asks for, and of what. */
export interface IViewData {
  readonly view: ViewName;
  readonly dagId: string;
  readonly runId: string | null;
  readonly taskId: string | null;
  readonly mapIndex: number;
  readonly backfillId: number | null;
  /** What the view starts with; each view checks its own. */
  readonly options: JSONRecord;
}

/** Read a cell's output; null if it is not what it should be. A notebook may come from anybody, so all is checked. */
export function readViewData(json: unknown): IViewData | null {
  if (!isRecord(json) || json['version'] !== 1 || typeof json['dag_id'] !== 'string') {
    return null;
  }
  const view = oneOf(json['view'], VIEWS, null);
  const taskId = textOr(json['task_id'], null);
  if (view === null || ((view === 'task' || view === 'output') && taskId === null)) {
    return null;
  }
  return {
    view,
    dagId: json['dag_id'],
    runId: textOr(json['run_id'], null),
    taskId,
    mapIndex: Math.max(wholeOr(json['map_index'], -1), -1),
    backfillId: wholeOr(json['backfill_id'], null),
    options: recordOf(json['options'])
  };
}
