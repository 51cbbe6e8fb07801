/**
 * Where a person is: a DAG, one of its tabs, a run, a task. JupyterLab keeps it with its layout, a page of its own in
 * its address; links and buttons lead to one.
 */

/** The tabs of a DAG, in their order. */
export const DAG_TABS = ['graph', 'grid', 'gantt', 'calendar', 'runs', 'backfills', 'code', 'details'] as const;
export type DagTab = (typeof DAG_TABS)[number];

/** The tabs of a task, in their order. */
export const TASK_TABS = ['output', 'log', 'params', 'values', 'resources', 'tries', 'why', 'compare'] as const;
export type TaskTab = (typeof TASK_TABS)[number];

export interface IPlace {
  readonly dagId: string;
  readonly tab: DagTab;
  /** Null: the newest run, whichever it is. */
  readonly runId: string | null;
  readonly taskId: string | null;
  /** Of a mapped task; null: the first instance. */
  readonly mapIndex: number | null;
  /** Null: what tells most of the task. */
  readonly taskTab: TaskTab | null;
  /** Among the backfills the one that is shown; null: the form for another. */
  readonly backfillId: number | null;
}

/** A place, of which what is left out stays as the person left it. */
export type PartialPlace = Pick<IPlace, 'dagId'> & Partial<IPlace>;

/** Where a DAG opens that was not open before. */
export function placeOf(place: PartialPlace): IPlace {
  return { tab: 'graph', runId: null, taskId: null, mapIndex: null, taskTab: null, backfillId: null, ...place };
}

/** As the end of an address: `flights/grid?run=…&task=report&index=2&show=log`. */
export function placeText(place: IPlace): string {
  const query = new URLSearchParams();
  const put = (name: string, value: string | number | null): void => {
    if (value !== null) {
      query.set(name, String(value));
    }
  };
  put('run', place.runId);
  put('task', place.taskId);
  put('index', place.mapIndex);
  put('show', place.taskTab);
  put('backfill', place.backfillId);
  const text = query.toString();
  return `${encodeURIComponent(place.dagId)}/${place.tab}${text === '' ? '' : `?${text}`}`;
}

/** The place that `text` names, or null if it names none. What is not understood in it counts as left out. */
export function readPlace(text: string): IPlace | null {
  const [path = '', search = ''] = text.split('?', 2);
  const [name = '', tab = ''] = path.split('/');
  const dagId = decoded(name);
  if (dagId === null || dagId === '') {
    return null;
  }
  const query = new URLSearchParams(search);
  const number = (name: string): number | null => {
    const given = query.get(name) ?? '';
    return /^\d+$/.test(given) ? Number(given) : null; // of "" `Number` makes 0
  };
  return readParts({
    dagId,
    tab,
    runId: query.get('run'),
    taskId: query.get('task'),
    mapIndex: number('index'),
    taskTab: query.get('show'),
    backfillId: number('backfill')
  });
}

/** A place from parts that anybody may have written, or null without a DAG. */
export function readParts(parts: Readonly<Record<string, unknown>>): IPlace | null {
  const { dagId, tab, runId, taskId, mapIndex, taskTab, backfillId } = parts;
  if (typeof dagId !== 'string' || dagId === '') {
    return null;
  }
  return {
    dagId,
    tab: DAG_TABS.find(known => known === tab) ?? 'graph',
    runId: textOf(runId),
    taskId: textOf(taskId),
    mapIndex: wholeOf(mapIndex),
    taskTab: TASK_TABS.find(known => known === taskTab) ?? null,
    backfillId: wholeOf(backfillId)
  };
}

/** As `readParts`; what `parts` does not hold is left out. */
export function readPartial(parts: Readonly<Record<string, unknown>>): PartialPlace | null {
  const place = readParts(parts);
  if (place === null) {
    return null;
  }
  const held = Object.entries(place).filter(([name]) => parts[name] !== undefined);
  return Object.fromEntries(held) as unknown as PartialPlace;
}

function wholeOf(value: unknown): number | null {
  return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : null;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null; // a lone percent sign
  }
}
