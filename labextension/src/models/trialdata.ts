import { isRecord, recordOf, textOr, textsOf } from './checked';

/** How far a run in a kernel, by `dag.test`, has come. */
export interface ITrialData {
  /** "running", "paused", "stopped", or the state of a run that is over. */
  readonly state: string;
  /** Paused: the tasks that could begin. */
  readonly following: readonly string[];
  readonly tasks: Readonly<Record<string, ITried>>;
}

export interface ITried {
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly error: string;
}

/** Read what a cell's output says of a trial; null if it is none. */
export function readTrial(json: unknown): ITrialData | null {
  if (!isRecord(json)) {
    return null;
  }
  const tasks = Object.entries(recordOf(json['tasks'])).map(([id, tried]) => [id, readTried(tried)] as const);
  return {
    state: textOr(json['state'], 'running'),
    following: textsOf(json['following']),
    tasks: Object.fromEntries(tasks)
  };
}

function readTried(json: unknown): ITried {
  const { started_at: startedAt, ended_at: endedAt, error } = recordOf(json);
  return { startedAt: momentOf(startedAt), endedAt: momentOf(endedAt), error: textOr(error, '') };
}

/** ISO text of seconds since the epoch. */
function momentOf(seconds: unknown): string | null {
  if (typeof seconds !== 'number' || !Number.isFinite(seconds)) {
    return null;
  }
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
