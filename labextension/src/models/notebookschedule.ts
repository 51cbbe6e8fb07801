import type { IStudioClient } from '../api/client';
import type { StudioError } from '../api/errors';
import { asStudioError } from '../api/errors';
import type { DagSpec, NotebookInfo, NotebookPublished, Notify, PublishNotebook, SchedulePreview } from '../api/schema';
import { isRecord, recordOf } from './checked';
import type { IRhythm } from './crons';
import { cronOf, DAILY, rhythmOf } from './crons';
import { Model } from './model';
import { ParamsModel } from './params';

const REST = 300; // milliseconds after the last change until the schedule is looked at
const NAME = /[^A-Za-z0-9_.-]+/g;

/** What a person chooses besides the parameters and when. */
export interface INotebookChoices {
  readonly dagId: string;
  readonly timezone: string;
  readonly kernelName: string;
  readonly retries: number;
  /** Minutes; 0: no limit. */
  readonly timeout: number;
  readonly source: 'snapshot' | 'latest';
  readonly exports: readonly ('html' | 'pdf')[];
  /** A folder for copies of what came out; "": none. */
  readonly copyTo: string;
  /** The connection to who is told how runs end; "": nobody. */
  readonly notify: string;
  readonly isSuccessTold: boolean;
  /** Addresses, for mail, as they are typed. */
  readonly to: string;
}

/** A form that schedules a notebook, or runs it once. */
export class NotebookScheduleModel extends Model {
  constructor(options: NotebookScheduleModel.IOptions) {
    super();
    this._client = options.client;
    this.path = options.path;
    this._rhythm = options.isOnce === true ? { ...DAILY, rhythm: 'once' } : DAILY;
    this._choices = {
      dagId: nameOf(options.path),
      timezone: options.timezone,
      kernelName: '',
      retries: 0,
      timeout: 0,
      source: 'snapshot',
      exports: [],
      copyTo: '',
      notify: '',
      isSuccessTold: false,
      to: ''
    };
    this.params.changed.connect(() => this.emit());
    void this.load();
    void this._loadConnections();
    this._look();
  }

  /** Of the notebook, as Jupyter names it. */
  readonly path: string;
  readonly params = new ParamsModel();

  get choices(): INotebookChoices {
    return this._choices;
  }

  get rhythm(): IRhythm {
    return this._rhythm;
  }

  /** What the notebook is; null while it is looked at. */
  get info(): NotebookInfo | null {
    return this._info;
  }

  /** Names of those that people can be told by. */
  get connections(): readonly string[] {
    return this._connections;
  }

  /** The next runs; null: it runs once, or they are not known (yet). */
  get preview(): SchedulePreview | null {
    return this._preview;
  }

  /** What is wrong with the schedule. */
  get previewError(): StudioError | null {
    return this._previewError;
  }

  /** Whether the notebook was scheduled under this name before. */
  get isKnown(): boolean {
    return this._isKnown;
  }

  /** What is wrong with the rest. */
  get error(): StudioError | null {
    return this._error;
  }

  get isSending(): boolean {
    return this._isSending;
  }

  override dispose(): void {
    if (!this.isDisposed) {
      clearTimeout(this._timer);
      this.params.dispose();
      super.dispose();
    }
  }

  choose(choices: Partial<INotebookChoices>): void {
    this._choices = { ...this._choices, ...choices };
    this._error = null;
    this.emit();
    if (choices.timezone !== undefined) {
      this._look();
    }
  }

  setRhythm(rhythm: Partial<IRhythm>): void {
    this._rhythm = { ...this._rhythm, ...rhythm };
    this.emit();
    this._look();
  }

  /** Look at the notebook, and at how it was scheduled before. */
  async load(): Promise<void> {
    try {
      this._info = await this._client.call('inspect_notebook', { path: {}, body: { path: this.path } });
      const properties = recordOf(this._info.parameters['properties']);
      const schemas = Object.fromEntries(
        Object.entries(properties).flatMap(([name, schema]) => (isRecord(schema) ? [[name, { ...schema }]] : []))
      );
      const defaults = Object.fromEntries(
        Object.entries(schemas).flatMap(([name, schema]) => ('default' in schema ? [[name, schema['default']]] : []))
      );
      this.params.load(defaults, schemas);
      this._error = null;
      await this._loadKnown();
    } catch (reason) {
      this._error = asStudioError(reason);
    }
    this.emit();
  }

  /** Do it; null if something is wrong, which is said. */
  async send(): Promise<NotebookPublished | null> {
    if (this.params.attempt() !== null || this._isSending) {
      return null;
    }
    this._isSending = true;
    this.emit();
    try {
      return await this._client.call('publish_notebook', { path: {}, body: this._body() });
    } catch (reason) {
      this._error = asStudioError(reason);
      return null;
    } finally {
      this._isSending = false;
      this.emit();
    }
  }

  private _body(): PublishNotebook {
    const { dagId, timezone, kernelName, retries, timeout, source, exports, copyTo, notify } = this._choices;
    const cron = cronOf(this._rhythm);
    return {
      path: this.path,
      dag_id: dagId,
      schedule: cron === null ? null : { type: 'cron', expression: cron },
      timezone,
      parameters: this.params.changes(),
      kernel_name: kernelName === '' ? null : kernelName,
      retries,
      timeout: timeout === 0 ? null : timeout * 60,
      source,
      export: [...exports],
      copy_to: copyTo.trim() === '' ? null : copyTo.trim(),
      notify: notify === '' ? null : this._notify(notify),
      start: this._rhythm.rhythm === 'once'
    };
  }

  private _notify(connection: string): Notify {
    const { isSuccessTold, to } = this._choices;
    const on: Notify['on'] = isSuccessTold ? ['failure', 'success'] : ['failure'];
    return { connection, on, to: to.split(/[\s,;]+/).filter(Boolean) };
  }

  private async _loadConnections(): Promise<void> {
    try {
      const { connections } = await this._client.call('list_connections', { path: {} });
      this._connections = connections.map(({ name }) => name);
      this.emit();
    } catch {
      // Then nobody can be told; all else works.
    }
  }

  private async _loadKnown(): Promise<void> {
    try {
      const { spec } = await this._client.call('get_dag', { path: { dag_id: this._choices.dagId } });
      const path = recordOf(spec.tasks[0]?.config)['path'];
      if (spec.tasks.length === 1 && path === this._info?.path && this._rhythm.rhythm !== 'once') {
        this._take(spec);
      }
    } catch {
      // It was not scheduled before.
    }
  }

  /** Begin with what was chosen before. */
  private _take(spec: DagSpec): void {
    const task = spec.tasks[0];
    const config = recordOf(task?.config);
    this._isKnown = true;
    this._choices = {
      ...this._choices,
      timezone: spec.timezone ?? 'UTC',
      retries: task?.retries ?? 0,
      timeout: Math.round((task?.timeout ?? 0) / 60),
      source: config['source'] === 'latest' ? 'latest' : 'snapshot',
      kernelName: textOf(config['kernel_name']),
      exports: EXPORTS.filter(format => Array.isArray(config['export']) && config['export'].includes(format)),
      copyTo: textOf(config['copy_to']),
      ...toldOf(spec)
    };
    const schedule = recordOf(spec.schedule);
    if (typeof schedule['expression'] === 'string') {
      this._rhythm = rhythmOf(schedule['expression']);
    }
    for (const [name, value] of Object.entries({ ...recordOf(config['parameters']), ...spec.params })) {
      if (typeof value === 'string' && this.params.fields.some(field => field.name === name)) {
        this.params.set(name, value);
      }
    }
    this._look();
  }

  private _look(): void {
    clearTimeout(this._timer);
    this._preview = null;
    this._previewError = null;
    this._asked += 1;
    const asked = this._asked;
    const cron = cronOf(this._rhythm);
    if (cron !== null) {
      this._timer = setTimeout(() => void this._fetchPreview(cron, asked), REST);
    }
  }

  private async _fetchPreview(expression: string, asked: number): Promise<void> {
    const body = { schedule: { type: 'cron' as const, expression }, timezone: this._choices.timezone };
    let found: SchedulePreview | null = null;
    let error: StudioError | null = null;
    try {
      found = await this._client.call('preview_schedule', { path: {}, body });
    } catch (reason) {
      error = asStudioError(reason);
    }
    if (asked === this._asked) {
      this._preview = found;
      this._previewError = error;
      this.emit();
    }
  }

  private readonly _client: IStudioClient;
  private _choices: INotebookChoices;
  private _rhythm: IRhythm;
  private _connections: readonly string[] = [];
  private _info: NotebookInfo | null = null;
  private _preview: SchedulePreview | null = null;
  private _previewError: StudioError | null = null;
  private _error: StudioError | null = null;
  private _isKnown = false;
  private _isSending = false;
  private _asked = 0;
  private _timer: ReturnType<typeof setTimeout> | undefined = undefined;
}

export namespace NotebookScheduleModel {
  export interface IOptions {
    client: IStudioClient;
    path: string;
    timezone: string;
    /** Run it once, now; without it a schedule is asked for. */
    isOnce?: boolean;
  }
}

const EXPORTS = ['html', 'pdf'] as const;

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Who is told by the callbacks of a DAG that was made so; see `notebook_dag` of the server. */
function toldOf(spec: DagSpec): Pick<INotebookChoices, 'notify' | 'isSuccessTold' | 'to'> {
  const callbacks = spec.callbacks ?? [];
  const args = recordOf(callbacks[0]?.args);
  const notify = /conn\['([^']+)'\]/.exec(textOf(args['url']))?.[1] ?? '';
  const to = Array.isArray(args['to']) ? args['to'].map(textOf).join(', ') : '';
  return { notify, isSuccessTold: callbacks.some(({ on }) => on === 'success'), to };
}

/** What a DAG of the notebook is called, as the server would. */
export function nameOf(path: string): string {
  const stem = (path.split('/').at(-1) ?? '').replace(/\.ipynb$/, '');
  return stem.replace(NAME, '_').replace(/^[._-]+|[._-]+$/g, '') || 'notebook';
}
