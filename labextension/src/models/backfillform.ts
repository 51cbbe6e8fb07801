import type { IDisposable } from '@lumino/disposable';
import { UUID } from '@lumino/coreutils';

import type { IStudioClient } from '../api/client';
import type { StudioError } from '../api/errors';
import { asStudioError } from '../api/errors';
import type { BackfillInfo, BackfillPreview, CreateBackfill, ServerMessage } from '../api/schema';
import type { IStudioStream } from '../api/stream';
import { trans } from '../trans';
import type { JSONRecord } from './checked';
import { oneOf, recordOf, textOr, textsOf, wholeOr } from './checked';
import type { DagModel } from './dag';
import { isDay } from './days';
import { Model } from './model';
import { ParamsModel } from './params';
import type { IBounds, IPreset } from './ranges';
import { boundsOf, endText, presetsOf } from './ranges';
import { downstreamOf, upstreamOf } from './topology';

export type Only = NonNullable<CreateBackfill['reprocess']>;

export const ONLY: readonly Only[] = ['missing', 'failed', 'all'];

/** What is chosen in the form; texts as they are typed. */
export interface IChoices {
  readonly start: string;
  readonly end: string;
  readonly only: Only;
  readonly newestFirst: boolean;
  readonly atOnce: string;
  /** Ids of tasks; none: all. */
  readonly tasks: readonly string[];
  readonly withUpstream: boolean;
  readonly withDownstream: boolean;
}

export type Problems = Partial<Record<'start' | 'end' | 'atOnce' | 'tasks', string>>;

const TYPING = 350; // milliseconds without a change until a preview is asked for
const RUNS_GO_ON = 2000; // milliseconds after a change of a run

/** A backfill that is put together: what it would do is asked of the server as one goes. */
export class BackfillFormModel extends Model {
  constructor(options: BackfillFormModel.IOptions) {
    super();
    const { dag, client, stream } = options;
    this._client = client;
    this.dag = dag;
    this._choices = choicesOf(options.options);
    this.params = new ParamsModel(recordOf(options.options['params']));
    this.params.changed.connect(this._onParams, this);
    dag.changed.connect(this._onDag, this);
    stream.messages.connect(this._onMessages, this);
    this._subscription = stream.subscribe({ dagId: dag.dagId }, () => this._askLater(0));
    this._onDag();
  }

  readonly dag: DagModel;
  readonly params: ParamsModel;

  get choices(): IChoices {
    return this._choices;
  }

  /** What a schedule allows; null while the DAG is not known. */
  get bounds(): IBounds | null {
    const { spec, dag } = this.dag;
    return spec === null
      ? null
      : boundsOf(spec.start_date ?? null, spec.end_date ?? null, dag?.timezone ?? 'UTC', new Date());
  }

  get presets(): readonly IPreset[] {
    const { bounds } = this;
    return bounds === null ? [] : presetsOf(bounds);
  }

  /** What would be done, as of the choices that are shown; null: nothing is known (yet). */
  get preview(): BackfillPreview | null {
    return this._preview;
  }

  /** Whether the preview is not of the newest choices, but on its way. */
  get isAsking(): boolean {
    return this._timer !== null || this._asking > 0;
  }

  get isStarting(): boolean {
    return this._isStarting;
  }

  /** What the server says against it, and why starting failed. */
  get error(): StudioError | null {
    return this._error;
  }

  get problems(): Problems {
    const { start, end, atOnce, tasks } = this._choices;
    const found: Problems = {};
    if (!isDay(start.slice(0, 10))) {
      found.start = start === '' ? trans.__('Give the first day.') : trans.__('This is no day like 2013-01-31.');
    }
    if (!isDay(end.slice(0, 10))) {
      found.end = end === '' ? trans.__('Give the last day.') : trans.__('This is no day like 2013-01-31.');
    } else if (found.start === undefined && end < start) {
      found.end = trans.__('It is before the first day, %1.', start.slice(0, 10));
    }
    if (!/^[1-9]\d{0,4}$/.test(atOnce)) {
      found.atOnce = trans.__('A whole number from 1.');
    }
    const known = new Set(this.dag.nodes.map(node => node.id));
    const unknown = known.size === 0 ? [] : tasks.filter(id => !known.has(id));
    if (unknown.length > 0) {
      found.tasks = trans.__('The DAG has no task %1.', unknown.join(', '));
    }
    return found;
  }

  /** What the server would be asked; null while something is wrong. */
  get asked(): CreateBackfill | null {
    if (Object.keys(this.problems).length > 0 || !this.params.isValid) {
      return null;
    }
    const { start, end, only, newestFirst, atOnce, tasks, withUpstream, withDownstream } = this._choices;
    const later = withDownstream ? downstreamOf(this.dag.nodes, tasks) : [];
    return {
      start,
      end: endText(end, this.dag.dag?.schedule ?? null),
      reprocess: only,
      reverse: newestFirst,
      max_active_runs: Number(atOnce),
      tasks: [...tasks, ...later],
      upstream: withUpstream,
      params: this.params.changes()
    };
  }

  /** Ids of the tasks that run: those that are chosen, and those that they bring along. */
  get included(): ReadonlySet<string> {
    const { tasks, withUpstream, withDownstream } = this._choices;
    const { nodes } = this.dag;
    if (tasks.length === 0) {
      return new Set(nodes.map(node => node.id));
    }
    const chosen = [...tasks, ...(withDownstream ? downstreamOf(nodes, tasks) : [])];
    return new Set([...chosen, ...(withUpstream ? upstreamOf(nodes, chosen) : [])]);
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._subscription.dispose();
      this.params.dispose();
      this._stopTimer();
      super.dispose();
    }
  }

  set(change: Partial<IChoices>): void {
    this._choices = { ...this._choices, ...change };
    this._error = null;
    this._askLater(TYPING);
    this.emit();
  }

  toggleTask(id: string): void {
    const { tasks } = this._choices;
    this.set({ tasks: tasks.includes(id) ? tasks.filter(task => task !== id) : [...tasks, id] });
  }

  /** Make the runs; null if that is refused. */
  async start(): Promise<BackfillInfo | null> {
    const { asked } = this;
    if (this.params.attempt() !== null || asked === null || this._isStarting) {
      return null;
    }
    this._isStarting = true;
    this.emit();
    let made: BackfillInfo | null = null;
    try {
      const path = { dag_id: this.dag.dagId };
      made = await this._client.call('create_backfill', { path, body: { ...asked, key: this._key } });
      this._key = UUID.uuid4();
      this._error = null;
    } catch (reason) {
      this._refuse(asStudioError(reason));
    }
    this._isStarting = false;
    this.emit();
    return made;
  }

  private _onDag(): void {
    const { spec } = this.dag;
    if (spec === null) {
      return;
    }
    this.params.load(spec.params ?? {}, spec.param_schemas ?? {});
    const { start, end } = this._choices;
    const week = this.presets[0];
    if (start === '' && end === '' && week !== undefined && !this._isFilled) {
      this._choices = { ...this._choices, start: week.start, end: week.end };
    }
    if (!this._isFilled) {
      this._isFilled = true;
      this._askLater(0);
      this.emit();
    }
  }

  private _onParams(): void {
    if (JSON.stringify(this.asked) !== this._askedText) {
      this._askLater(TYPING);
    }
    this.emit();
  }

  private _onMessages(_: IStudioStream, messages: readonly ServerMessage[]): void {
    if (messages.some(message => message.type === 'run' && message.run.dag_id === this.dag.dagId)) {
      this._askLater(RUNS_GO_ON);
    }
  }

  private _askLater(delay: number): void {
    if (this.isDisposed || !this._isFilled || (delay === RUNS_GO_ON && this._timer !== null)) {
      return;
    }
    this._stopTimer();
    this._timer = setTimeout(() => {
      this._timer = null;
      void this._ask();
    }, delay);
  }

  private async _ask(): Promise<void> {
    const { asked } = this;
    const text = JSON.stringify(asked);
    this._askedText = text;
    if (asked === null) {
      this._preview = null;
      this.emit();
      return;
    }
    this._asking += 1;
    this.emit();
    try {
      const found = await this._client.call('preview_backfill', { path: { dag_id: this.dag.dagId }, body: asked });
      if (text === JSON.stringify(this.asked)) {
        this._preview = found;
        this._error = null;
      }
    } catch (reason) {
      if (text === JSON.stringify(this.asked)) {
        this._preview = null;
        this._refuse(asStudioError(reason));
      }
    }
    this._asking -= 1;
    this.emit();
  }

  private _refuse(error: StudioError): void {
    this._error = this.params.refuse(error) ? null : error;
  }

  private _stopTimer(): void {
    if (this._timer !== null) {
      clearTimeout(this._timer);
      this._timer = null;
    }
  }

  private readonly _client: IStudioClient;
  private readonly _subscription: IDisposable;
  private _choices: IChoices;
  private _preview: BackfillPreview | null = null;
  private _error: StudioError | null = null;
  private _timer: ReturnType<typeof setTimeout> | null = null;
  private _askedText = ''; // of the newest preview
  private _asking = 0;
  private _isStarting = false;
  private _isFilled = false;
  private _key = UUID.uuid4(); // the same until it was made: a request that is sent twice makes one backfill
}

export namespace BackfillFormModel {
  export interface IOptions {
    dag: DagModel;
    client: IStudioClient;
    stream: IStudioStream;
    /** What is filled in at first; anything may be missing. */
    options: JSONRecord;
  }
}

function choicesOf(options: JSONRecord): IChoices {
  const atOnce = wholeOr(options['max_active_runs'], 10);
  return {
    start: textOr(options['start'], ''),
    end: textOr(options['end'], ''),
    only: oneOf(options['only'], ONLY, 'missing'),
    newestFirst: options['newest_first'] === true,
    atOnce: String(atOnce),
    tasks: textsOf(options['tasks']),
    withUpstream: options['upstream'] !== false,
    withDownstream: false
  };
}
