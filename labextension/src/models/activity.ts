import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { RunSummary } from '../api/schema';
import { DagListModel } from './daglist';
import { isRunOver } from './order';
import { keyOf } from './runlist';

/** What goes on in the studio, and which runs have just ended; each is told once, also after a reconnect. */
export class ActivityModel extends DagListModel {
  constructor(options: DagListModel.IOptions) {
    super(options);
    this.changed.connect(this._compare, this);
  }

  /** Runs that run or wait to; of each DAG among the newest. */
  get active(): number {
    return (this.dags ?? []).reduce((sum, dag) => sum + dag.runs.filter(run => !isRunOver(run.state)).length, 0);
  }

  /** Emitted with a run that went on when it was last heard of, and is over. */
  get ended(): ISignal<this, RunSummary> {
    return this._ended;
  }

  private _compare(): void {
    const open = new Set<string>();
    for (const run of (this.dags ?? []).flatMap(dag => dag.runs)) {
      const key = keyOf(run);
      if (!isRunOver(run.state)) {
        open.add(key);
      } else if (this._open.has(key)) {
        this._ended.emit(run);
      }
    }
    this._open = open;
  }

  private readonly _ended = new Signal<this, RunSummary>(this);
  private _open: ReadonlySet<string> = new Set();
}
