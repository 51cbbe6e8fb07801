/** What went wrong, in words for people: `message` says what, `hint` what to do next. */
import { trans } from '../trans';
export class StudioError extends Error {
  constructor(options: StudioError.IOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'StudioError';
    this.code = options.code;
    this.hint = options.hint ?? null;
    this.field = options.field ?? null;
    this.status = options.status ?? 0;
  }

  /** The stable word of `studio/errors.py`; `unreachable` and `no_studio` are made here. */
  readonly code: string;
  readonly hint: string | null;
  /** The field of the request that is wrong. */
  readonly field: string | null;
  /** HTTP status; 0 if there was no answer. */
  readonly status: number;

  /** Whether nothing answered at all: what is shown may be old, and trying again may help. */
  get isOffline(): boolean {
    return this.code === 'unreachable' || this.code === 'no_studio' || this.code === 'server_unavailable';
  }
}

export namespace StudioError {
  export interface IOptions {
    code: string;
    message: string;
    hint?: string | null;
    field?: string | null;
    status?: number;
    cause?: unknown;
  }
}

/** `reason` as a `StudioError`, whatever was thrown. */
export function asStudioError(reason: unknown): StudioError {
  if (reason instanceof StudioError) {
    return reason;
  }
  const message = reason instanceof Error ? reason.message : String(reason);
  return new StudioError({ code: 'error', message, cause: reason });
}

/** The error that an answer with a status of 400 or more carries. Never throws. */
export async function errorOf(response: Response): Promise<StudioError> {
  const detail = await detailOf(response);
  if (detail !== null) {
    return new StudioError({ ...detail, status: response.status });
  }
  if (response.status === 404) {
    return new StudioError({
      code: 'no_studio',
      message: trans.__('This Jupyter server does not serve Pipeline Studio.'),
      hint: trans.__('Install pipeline-studio in the environment of the Jupyter server and start it again.'),
      status: 404
    });
  }
  return new StudioError({
    code: response.status >= 500 ? 'server_unavailable' : 'error',
    message: trans.__('The server answered %1 %2.', response.status, response.statusText).replace(' .', '.'),
    status: response.status
  });
}

async function detailOf(response: Response): Promise<StudioError.IOptions | null> {
  let answer: unknown;
  try {
    answer = await response.json();
  } catch {
    return null;
  }
  const error = isRecord(answer) ? answer['error'] : null;
  if (!isRecord(error) || typeof error['code'] !== 'string' || typeof error['message'] !== 'string') {
    return null;
  }
  const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
  return { code: error['code'], message: error['message'], hint: text(error['hint']), field: text(error['field']) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
