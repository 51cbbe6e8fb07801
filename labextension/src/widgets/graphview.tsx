import type { ReactElement } from 'react';

import { CellsModel } from '../models/cells';
import { DagModel } from '../models/dag';
import { FocusModel } from '../models/focus';
import type { IGraphData } from '../models/graphdata';
import { TrialModel } from '../models/trial';
import type { IStudio } from '../tokens';
import { CellGraph } from '../views/CellGraph';
import { TrialGraph } from '../views/TrialGraph';
import type { ICellView } from './cellview';

const MOST_CHIPS = 14;

/** A graph in a cell: of a DAG, of marked cells, or of a trial. */
export class GraphView implements ICellView {
  /** `taskId`: the task that is looked at first. */
  constructor(data: IGraphData, studio: IStudio, taskId: string | null = null) {
    this._studio = studio;
    this._models = data.trial === null ? modelsOf(data, studio, taskId) : new TrialModel(data, data.trial);
  }

  /** Of marked cells: what follows them. */
  get cells(): CellsModel | null {
    return this._models instanceof TrialModel ? null : this._models.cells;
  }

  /** The task that is looked at. */
  get taskId(): string | null {
    return this._models instanceof TrialModel ? this._models.chosen : this._models.focus.taskId;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Go on with `data`, drawing no more than what has changed; false if another view has to be opened for it. */
  take(data: IGraphData): boolean {
    return this._models instanceof TrialModel && data.trial !== null && this._models.take(data, data.trial);
  }

  render(): ReactElement {
    if (this._models instanceof TrialModel) {
      return <TrialGraph trial={this._models} studio={this._studio} />;
    }
    return <CellGraph {...this._models} studio={this._studio} count={MOST_CHIPS} />;
  }

  dispose(): void {
    if (!this._isDisposed && !(this._models instanceof TrialModel)) {
      this._models.cells?.dispose();
      this._models.focus.dispose();
      this._models.dag.dispose();
    }
    this._isDisposed = true;
  }

  private readonly _studio: IStudio;
  private readonly _models: IDagModels | TrialModel;
  private _isDisposed = false;
}

interface IDagModels {
  dag: DagModel;
  focus: FocusModel;
  cells: CellsModel | null;
}

function modelsOf(data: IGraphData, { client, stream }: IStudio, taskId: string | null): IDagModels {
  const { dagId, nodes, groups, runId, states, runs, problems } = data;
  const dag = new DagModel({ client, stream, dagId, nodes, groups, runId, states, limit: Math.max(runs, MOST_CHIPS) });
  const focus = new FocusModel({ client, stream, dag, taskId });
  return { dag, focus, cells: data.isOfCells ? new CellsModel({ client, dag, problems }) : null };
}
