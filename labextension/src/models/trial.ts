import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { TaskState } from '../api/schema';
import type { IGraphNode } from './dag';
import type { IGraphData } from './graphdata';
import type { IGroup } from './groups';
import type { INodeStatus } from './run';
import type { ITrialData, ITried } from './trialdata';

const NOT_TRIED: ITried = { startedAt: null, endedAt: null, error: '' };

/** A trial in a cell: what the kernel has told of it last. No server knows of it. */
export class TrialModel {
  constructor(data: IGraphData, trial: ITrialData) {
    this._data = data;
    this._trial = trial;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get dagId(): string {
    return this._data.dagId;
  }

  /** The same objects as long as the graph is the same, so that it is laid out once. */
  get nodes(): readonly IGraphNode[] {
    return this._data.nodes;
  }

  get groups(): readonly IGroup[] {
    return this._data.groups;
  }

  get state(): string {
    return this._trial.state;
  }

  get following(): readonly string[] {
    return this._trial.following;
  }

  /** The task whose details are shown. */
  get chosen(): string | null {
    return this._chosen;
  }

  choose(taskId: string | null): void {
    this._chosen = taskId;
    this._changed.emit();
  }

  status(taskId: string): INodeStatus | null {
    const state: TaskState | undefined = this._data.states[taskId];
    if (state === undefined) {
      return null;
    }
    const { startedAt, endedAt } = this._tried(taskId);
    return { state, startedAt, endedAt, tryNumber: 0, mapped: null };
  }

  /** Why the task failed; "" if it did not. */
  error(taskId: string): string {
    return this._tried(taskId).error;
  }

  /** Go on with what the kernel tells now; false if that is about another graph. */
  take(data: IGraphData, trial: ITrialData): boolean {
    if (data.dagId !== this.dagId || JSON.stringify(data.nodes) !== JSON.stringify(this.nodes)) {
      return false;
    }
    this._data = { ...data, nodes: this.nodes, groups: this.groups };
    this._trial = trial;
    this._changed.emit();
    return true;
  }

  private _tried(taskId: string): ITried {
    return this._trial.tasks[taskId] ?? NOT_TRIED;
  }

  private readonly _changed = new Signal<this, void>(this);
  private _data: IGraphData;
  private _trial: ITrialData;
  private _chosen: string | null = null;
}
