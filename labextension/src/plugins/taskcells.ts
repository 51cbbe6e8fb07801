import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IToolbarWidgetRegistry, Notification } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { INotebookTracker } from '@jupyterlab/notebook';

import { asStudioError } from '../api/errors';
import type { CellTask } from '../api/schema';
import type { Cell } from '../host/cells';
import { LabCells } from '../host/cells';
import { TaskCellsModel } from '../models/taskcells';
import { IStudio } from '../tokens';
import type { ITaskCellBarProps } from '../views/TaskCellBar';
import { TaskCellBarWidget } from '../widgets/taskcellbar';

/** What all cells of a notebook share; it lives as long as the notebook is open. */
interface ITaskCells {
  readonly cells: LabCells;
  readonly model: TaskCellsModel;
}

/** The toolbar of %%task cells; where it stands among the other items is in `schema/taskcells.json`. */
const plugin: JupyterFrontEndPlugin<void> = {
  id: 'pipeline-studio:taskcells',
  description: 'Runs the task of a marked cell, and shows how it went last.',
  autoStart: true,
  requires: [IStudio, INotebookTracker, IToolbarWidgetRegistry],
  activate: (
    app: JupyterFrontEnd,
    studio: IStudio,
    tracker: INotebookTracker,
    toolbars: IToolbarWidgetRegistry
  ): void => {
    const { client, stream, host } = studio;
    const known = new WeakMap<NotebookPanel, ITaskCells>();

    const cellsOf = (panel: NotebookPanel): ITaskCells => {
      let found = known.get(panel);
      if (found === undefined) {
        const cells = new LabCells(panel);
        found = { cells, model: new TaskCellsModel({ client, stream, cells }) };
        known.set(panel, found);
        panel.disposed.connect(() => found?.model.dispose());
      }
      return found;
    };

    const run = async (panel: NotebookPanel, model: TaskCellsModel, task: CellTask): Promise<void> => {
      try {
        await panel.context.save(); // what is on the screen is what runs
        await model.run(app.serviceManager.contents.localPath(panel.context.path), task);
      } catch (reason) {
        const { message, hint } = asStudioError(reason);
        Notification.error([message, hint].filter(Boolean).join(' '), { autoClose: false });
      }
    };

    toolbars.addFactory('Cell', 'pipeline-studio:task', (cell: Cell) => {
      const makeProps = (): ITaskCellBarProps | null => {
        const panel = tracker.find(({ content }) => content.widgets.includes(cell));
        if (panel === undefined) {
          return null;
        }
        const { cells, model } = cellsOf(panel);
        return {
          model,
          indexOf: () => cells.indexOf(cell),
          onRunHere: () => void app.commands.execute('notebook:run-cell'),
          onRun: task => run(panel, model, task),
          onOpen: (task, last) => {
            const { dag_id: dagId, run_id: runId } = last.run;
            void host.openPlace({ dagId, runId, taskId: task.id, tab: 'graph' });
          }
        };
      };
      return new TaskCellBarWidget(cell, makeProps);
    });
  }
};

export default plugin;
