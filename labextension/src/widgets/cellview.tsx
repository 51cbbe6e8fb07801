import type { IDisposable } from '@lumino/disposable';
import type { ReactElement } from 'react';

import { BackfillViewModel } from '../models/backfillview';
import { recordOf, wholeOr } from '../models/checked';
import { DagModel } from '../models/dag';
import { FocusModel } from '../models/focus';
import { ParamsModel } from '../models/params';
import type { IViewData } from '../models/viewdata';
import type { IStudio } from '../tokens';
import { BackfillView } from '../views/backfill/BackfillView';
import { ParamsView } from '../views/ParamsView';
import { RunsView } from '../views/RunsView';
import { OutputView, TaskView } from '../views/TaskView';

const MOST_RUNS = 500;

/** A view in a cell: its models, which live as long as the output does, and what draws them. */
export interface ICellView extends IDisposable {
  render(): ReactElement;
}

/** Open the view that `data` names. */
export function openView(data: IViewData, studio: IStudio): ICellView {
  if (data.view === 'backfill') {
    const { client, stream } = studio;
    const model = new BackfillViewModel({ client, stream, data });
    return viewOf(<BackfillView model={model} studio={studio} />, [model]);
  }
  const { dag, focus } = modelsOf(data, studio);
  switch (data.view) {
    case 'runs':
      return viewOf(<RunsView dag={dag} focus={focus} studio={studio} />, [focus, dag]);
    case 'task':
      return viewOf(<TaskView dag={dag} focus={focus} studio={studio} />, [focus, dag]);
    case 'output':
      return viewOf(<OutputView dag={dag} focus={focus} studio={studio} />, [focus, dag]);
    case 'params': {
      const params = new ParamsModel(recordOf(data.options['params']));
      return viewOf(<ParamsView dag={dag} focus={focus} params={params} studio={studio} />, [params, focus, dag]);
    }
  }
}

function modelsOf(data: IViewData, { client, stream }: IStudio): { dag: DagModel; focus: FocusModel } {
  const { dagId, runId, taskId, mapIndex } = data;
  const limit = Math.min(Math.max(wholeOr(data.options['limit'], 14), 1), MOST_RUNS);
  const dag = new DagModel({ client, stream, dagId, runId, limit });
  return { dag, focus: new FocusModel({ client, stream, dag, taskId, mapIndex: mapIndex < 0 ? null : mapIndex }) };
}

function viewOf(element: ReactElement, models: readonly IDisposable[]): ICellView {
  let isDisposed = false;
  return {
    get isDisposed() {
      return isDisposed;
    },
    render: () => element,
    dispose: () => {
      isDisposed = true;
      models.forEach(model => model.dispose());
    }
  };
}
