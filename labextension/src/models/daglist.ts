import type { IDisposable } from '@lumino/disposable';

import type { IStudioClient } from '../api/client';
import type { StudioError } from '../api/errors';
import { asStudioError } from '../api/errors';
import type { DagFileStatus, DagSummary, ServerMessage } from '../api/schema';
import type { IStudioStream } from '../api/stream';
import { Model } from './model';
import { doubted, isDoubted, mergedRuns, newer } from './order';

/** How many of a DAG's runs a list shows. */
export const LISTED_RUNS = 14;

/** All DAGs with their newest runs, and the files of the DAG folder; live. */
export class DagListModel extends Model {
  constructor(options: DagListModel.IOptions) {
    super();
    this._client = options.client;
    options.stream.messages.connect(this._onMessages, this);
    this._subscription = options.stream.subscribe({ dags: true }, () => {
      this._dags?.forEach((dag, id) => this._dags?.set(id, { ...doubted(dag), runs: dag.runs.map(doubted) }));
      void this.refresh();
    });
    void this.refresh();
  }

  /** By id; null until they were fetched once. */
  get dags(): readonly DagSummary[] | null {
    return this._dags === null ? null : [...this._dags.values()].sort((a, b) => a.dag_id.localeCompare(b.dag_id));
  }

  /** Files that cannot be used at present. */
  get brokenFiles(): readonly DagFileStatus[] {
    return this._files.filter(file => file.error !== null);
  }

  /** Why the last fetch or action failed. */
  get error(): StudioError | null {
    return this._error;
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._subscription.dispose();
      super.dispose();
    }
  }

  async refresh(): Promise<void> {
    try {
      const list = await this._client.call('list_dags', { path: {}, query: { runs: LISTED_RUNS } });
      const known = this._dags;
      this._dags = new Map(list.dags.map(dag => [dag.dag_id, merged(known?.get(dag.dag_id), dag)]));
      this._files = list.files;
      this._error = null;
    } catch (reason) {
      this._error = asStudioError(reason);
    }
    this.emit();
  }

  async setPaused(dagId: string, paused: boolean): Promise<void> {
    try {
      const detail = await this._client.call('update_dag', { path: { dag_id: dagId }, body: { paused } });
      this._put(detail.dag);
      this._error = null;
    } catch (reason) {
      this._error = asStudioError(reason);
    }
    this.emit();
  }

  private _onMessages(_: IStudioStream, messages: readonly ServerMessage[]): void {
    let touched = false;
    for (const message of messages) {
      if (message.type === 'dag') {
        this._dags?.set(message.dag.dag_id, told(this._dags.get(message.dag.dag_id), message.dag));
        touched = true;
      } else if (message.type === 'dag_removed') {
        touched = this._dags?.delete(message.dag_id) === true || touched;
      } else if (message.type === 'files') {
        this._files = message.files;
        touched = true;
      }
    }
    if (touched) {
      this.emit();
    }
  }

  private _put(dag: DagSummary): void {
    this._dags?.set(dag.dag_id, merged(this._dags.get(dag.dag_id), dag));
  }

  private readonly _client: IStudioClient;
  private readonly _subscription: IDisposable;
  private _dags: Map<string, DagSummary> | null = null;
  private _files: readonly DagFileStatus[] = [];
  private _error: StudioError | null = null;
}

export namespace DagListModel {
  export interface IOptions {
    client: IStudioClient;
    stream: IStudioStream;
  }
}

/** A DAG and its runs have revisions of their own. */
function merged(known: DagSummary | undefined, arrived: DagSummary): DagSummary {
  const runs = mergedRuns(known?.runs ?? [], arrived.runs, LISTED_RUNS).filter(run => !isDoubted(run));
  return { ...newer(known, arrived), runs };
}

/** The stream tells in the order in which things happen: a run that it leaves out is deleted. */
function told(known: DagSummary | undefined, arrived: DagSummary): DagSummary {
  const runs = new Map(known?.runs.map(run => [run.run_id, run]));
  return { ...newer(known, arrived), runs: arrived.runs.map(run => newer(runs.get(run.run_id), run)) };
}
