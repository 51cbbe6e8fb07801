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
    const runs = (this.dags ?? []).flatMap(dag => dag.runs);
    const open = new Set<string>();
    for (const run of runs) {
      const key = keyOf(run);
      if (!isRunOver(run.state)) {
        open.add(key);
      } else if (this._open.has(key) || this._isNews(run)) {
        this._ended.emit(run);
      }
      this._seen.add(key);
    }
    this._open = open;
  }

  /** A short run has begun and ended before anything was heard of it. Older ones come into the list when others go. */
  private _isNews(run: RunSummary): boolean {
    return !this._seen.has(keyOf(run)) && run.ended_at !== null && Date.parse(run.ended_at) >= this._since;
  }

  private readonly _ended = new Signal<this, RunSummary>(this);
  private readonly _since = Date.now();
  private readonly _seen = new Set<string>();
  private _open: ReadonlySet<string> = new Set();
}
