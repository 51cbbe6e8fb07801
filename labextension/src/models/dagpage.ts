import type { IStudioClient } from '../api/client';
import type { IStudioStream } from '../api/stream';
import { DagModel } from './dag';
import { FocusModel } from './focus';
import { Model } from './model';
import type { DagTab, IPlace, PartialPlace } from './place';

/** A DAG with a page of its own: what is looked at in it, and where the person is. */
export class DagPageModel extends Model {
  constructor(options: DagPageModel.IOptions) {
    super();
    const { client, stream, place } = options;
    const { dagId, runId, taskId, mapIndex, taskTab } = place;
    this._tab = place.tab;
    this._backfillId = place.backfillId;
    this.dag = new DagModel({ client, stream, dagId, runId });
    this.focus = new FocusModel({ client, stream, dag: this.dag, taskId, mapIndex, tab: taskTab });
    this.dag.runChosen.connect(this._onMoved, this);
    this.focus.changed.connect(this._onMoved, this);
  }

  readonly dag: DagModel;
  readonly focus: FocusModel;

  get tab(): DagTab {
    return this._tab;
  }

  get place(): IPlace {
    const { taskId, mapIndex, tab } = this.focus;
    return { dagId: this.dag.dagId, tab: this._tab, runId: this.dag.chosen, taskId, mapIndex, taskTab: tab, backfillId: this._backfillId };
  }

  /** Go there. What is left out of `place` stays as it is. */
  go(place: Partial<Omit<IPlace, 'dagId'>> | PartialPlace): void {
    const now = this.place;
    this._tab = place.tab ?? now.tab;
    this._backfillId = place.backfillId === undefined ? now.backfillId : place.backfillId;
    if (place.runId !== undefined && place.runId !== now.runId) {
      this.dag.show(place.runId);
    }
    const { taskId = now.taskId, mapIndex = place.taskId === undefined ? now.mapIndex : null } = place;
    if (taskId !== now.taskId || mapIndex !== now.mapIndex) {
      this.focus.choose(taskId, mapIndex);
    }
    if (place.taskTab !== undefined && place.taskTab !== now.taskTab) {
      this.focus.show(place.taskTab);
    }
    this.emit();
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this.focus.dispose();
      this.dag.dispose();
      super.dispose();
    }
  }

  private _onMoved(): void {
    this.emit();
  }

  private _tab: DagTab;
  private _backfillId: number | null;
}

export namespace DagPageModel {
  export interface IOptions {
    client: IStudioClient;
    stream: IStudioStream;
    place: IPlace;
  }
}
