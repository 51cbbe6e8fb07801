import type { IDisposable } from '@lumino/disposable';

import type { IStudioClient } from '../api/client';
import type { BackfillInfo, ServerMessage } from '../api/schema';
import type { IStudioStream } from '../api/stream';
import { BackfillModel, isActive } from './backfill';
import { BackfillFormModel } from './backfillform';
import { DagModel } from './dag';
import { FocusModel } from './focus';
import { Model } from './model';
import type { IViewData } from './viewdata';

const LISTED = 50; // newest backfills

/** A run of the DAG that is looked at, below a backfill. */
export interface IInspection {
  readonly dag: DagModel;
  readonly focus: FocusModel;
}

/** A form for a backfill, or a backfill that was made, and the run that is looked at. */
export class BackfillViewModel extends Model {
  constructor(options: BackfillViewModel.IOptions) {
    super();
    const { client, stream, data } = options;
    this._client = client;
    this._stream = stream;
    this.dag = new DagModel({ client, stream, dagId: data.dagId, limit: 1 });
    this.form = new BackfillFormModel({ client, stream, dag: this.dag, options: data.options });
    stream.messages.connect(this._onMessages, this);
    this._subscription = stream.subscribe({ dagId: data.dagId }, () => void this._findRecent());
    if (data.backfillId !== null) {
      this.show(data.backfillId);
    }
    void this._findRecent();
  }

  readonly dag: DagModel;
  readonly form: BackfillFormModel;

  /** The backfill that is shown; null: the form. */
  get backfill(): BackfillModel | null {
    return this._backfill;
  }

  /** The newest backfills of the DAG. */
  get recent(): readonly BackfillInfo[] {
    return this._recent;
  }

  /** Backfills of the DAG that go on, and are not shown. */
  get active(): readonly BackfillInfo[] {
    return this._recent.filter(info => isActive(info) && info.id !== this._backfill?.id);
  }

  get inspection(): IInspection | null {
    return this._inspection;
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._subscription.dispose();
      this.inspect(null);
      this._backfill?.dispose();
      this.form.dispose();
      this.dag.dispose();
      super.dispose();
    }
  }

  async start(): Promise<void> {
    const made = await this.form.start();
    if (made !== null) {
      this.show(made.id, made);
    }
  }

  /** Show a backfill, or with null the form. */
  show(id: number | null, info?: BackfillInfo): void {
    this.inspect(null);
    this._backfill?.dispose();
    this._backfill =
      id === null
        ? null
        : new BackfillModel({
            client: this._client,
            stream: this._stream,
            dagId: this.dag.dagId,
            id,
            ...(info === undefined ? {} : { info })
          });
    this.emit();
    void this._findRecent();
  }

  /** Look at a run, and at a task of it; null: at none. */
  inspect(runId: string | null, taskId: string | null = null, mapIndex: number | null = null): void {
    if (runId !== null && this._inspection !== null) {
      const { dag, focus } = this._inspection;
      dag.show(runId);
      focus.choose(taskId ?? focus.taskId, mapIndex);
    } else if (runId === null) {
      this._inspection?.focus.dispose();
      this._inspection?.dag.dispose();
      this._inspection = null;
    } else {
      const { _client: client, _stream: stream } = this;
      const dag = new DagModel({ client, stream, dagId: this.dag.dagId, runId, limit: 1 });
      this._inspection = { dag, focus: new FocusModel({ client, stream, dag, taskId }) };
    }
    this.emit();
  }

  private _onMessages(_: IStudioStream, messages: readonly ServerMessage[]): void {
    if (messages.some(message => message.type === 'backfill' && message.dag_id === this.dag.dagId)) {
      void this._findRecent();
    }
  }

  private async _findRecent(): Promise<void> {
    try {
      const query = { dag_id: this.dag.dagId, limit: LISTED };
      const found = await this._client.call('list_backfills', { path: {}, query });
      this._recent = found.backfills;
      this.emit();
    } catch {
      // The form says that the server is not there; this is only an offer.
    }
  }

  private readonly _client: IStudioClient;
  private readonly _stream: IStudioStream;
  private readonly _subscription: IDisposable;
  private _backfill: BackfillModel | null = null;
  private _inspection: IInspection | null = null;
  private _recent: readonly BackfillInfo[] = [];
}

export namespace BackfillViewModel {
  export interface IOptions {
    client: IStudioClient;
    stream: IStudioStream;
    data: IViewData;
  }
}
