import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILabShell } from '@jupyterlab/application';
import { ICommandPalette, MainAreaWidget, Notification } from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { INotebookTracker } from '@jupyterlab/notebook';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { asStudioError } from '../api/errors';
import type { NotebookPublished } from '../api/schema';
import { CommandIDs } from '../commands';
import { pipelinesIcon } from '../icons';
import { nameOf, NotebookScheduleModel } from '../models/notebookschedule';
import { IStudio } from '../tokens';
import { trans } from '../trans';
import type { IKernelChoice } from '../views/schedule/ScheduleForm';
import { SchedulePanel } from '../widgets/schedule';

/** From a file, an open notebook or the palette: schedule it, run it as a task, let it go on without the browser. */
const plugin: JupyterFrontEndPlugin<void> = {
  id: 'pipeline-studio:schedule',
  description: 'Schedules notebooks, and runs them as tasks.',
  autoStart: true,
  requires: [IStudio],
  optional: [ILabShell, INotebookTracker, IDefaultFileBrowser, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    studio: IStudio,
    shell: ILabShell | null,
    notebooks: INotebookTracker | null,
    browser: IDefaultFileBrowser | null,
    palette: ICommandPalette | null
  ): void => {
    const { commands } = app;

    /** The notebook that a command is about: `path`, the file that is chosen in the browser, or the one in front. */
    const pathOf = (args: ReadonlyPartialJSONObject): string | null => {
      if (typeof args['path'] === 'string') {
        return args['path'];
      }
      const [chosen] = args['from'] === 'browser' ? [...(browser?.selectedItems() ?? [])] : [];
      const path = chosen?.path ?? notebooks?.currentWidget?.context.path ?? null;
      return path === null ? null : app.serviceManager.contents.localPath(path);
    };

    /** What is on the screen is what runs. */
    const save = async (path: string): Promise<void> => {
      const open = notebooks?.find(widget => app.serviceManager.contents.localPath(widget.context.path) === path);
      if (open?.context.model.dirty === true) {
        await open.context.save();
      }
    };

    const openRun = ({ dag, run }: NotebookPublished): void =>
      void commands.execute(CommandIDs.openDag, { dagId: dag.dag.dag_id, ...(run === null ? {} : { runId: run.run.run_id }) });

    const openForm = async (args: ReadonlyPartialJSONObject, isOnce: boolean): Promise<void> => {
      const path = pathOf(args);
      if (path === null) {
        Notification.warning(trans.__('Open a notebook, or choose one in the file browser, to schedule it.'));
        return;
      }
      const id = `pipeline-studio:${isOnce ? 'run' : 'schedule'}:${path}`;
      if ([...app.shell.widgets('main')].some(widget => widget.id === id)) {
        app.shell.activateById(id); // with what has been filled in
        return;
      }
      await save(path);
      const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone;
      const model = new NotebookScheduleModel({ client: studio.client, path, timezone, isOnce });
      const widget = new MainAreaWidget({
        content: new SchedulePanel({
          model,
          kernels: kernelsOf(app),
          onDone: made => {
            widget.close();
            openRun(made);
          }
        })
      });
      const name = path.split('/').at(-1) ?? path;
      widget.id = id;
      widget.title.label = isOnce ? trans.__('Run %1', name) : trans.__('Schedule %1', name);
      widget.title.icon = pipelinesIcon;
      widget.title.closable = true;
      widget.toolbar.hide();
      app.shell.add(widget, 'main', { type: 'Schedule' });
      app.shell.activateById(id);
    };

    const sendToBackground = async (args: ReadonlyPartialJSONObject): Promise<void> => {
      const path = pathOf(args);
      if (path === null) {
        Notification.warning(trans.__('Open a notebook to send it to the background.'));
        return;
      }
      await save(path);
      try {
        const body = { path, dag_id: `${nameOf(path)}_background`, start: true };
        const made = await studio.client.call('publish_notebook', { path: {}, body });
        Notification.success(trans.__('%1 runs on the server now; the browser may be closed.', path), {
          autoClose: 8000,
          actions: [{ label: trans.__('Watch'), callback: () => openRun(made) }]
        });
      } catch (reason) {
        const { message, hint } = asStudioError(reason);
        Notification.error([message, hint].filter(Boolean).join(' '), { autoClose: false });
      }
    };

    const isVisible = (): boolean => shell !== null;
    const describedBy = {
      args: {
        type: 'object' as const,
        properties: {
          path: { type: 'string', description: 'Of the notebook; without it the one that is chosen or open' },
          from: { type: 'string', enum: ['browser', 'notebook'], description: 'Where to look for the notebook' }
        }
      }
    };
    commands.addCommand(CommandIDs.scheduleNotebook, {
      label: args => (args['isLauncher'] === true ? trans.__('Schedule a notebook') : trans.__('Schedule…')),
      caption: trans.__('Run this notebook by itself, at times that you choose'),
      icon: args => (args['isIconOnly'] === true || args['isLauncher'] === true ? pipelinesIcon : undefined),
      isVisible,
      describedBy,
      execute: args => openForm(args, false)
    });
    commands.addCommand(CommandIDs.runNotebook, {
      label: trans.__('Run as Task…'),
      caption: trans.__('Run this notebook on the server, with parameters'),
      isVisible,
      describedBy,
      execute: args => openForm(args, true)
    });
    commands.addCommand(CommandIDs.sendToBackground, {
      label: trans.__('Send to Background'),
      caption: trans.__('Run this notebook on the server from its beginning; the browser may be closed'),
      isVisible,
      describedBy,
      execute: args => sendToBackground(args)
    });
    for (const command of [CommandIDs.scheduleNotebook, CommandIDs.runNotebook, CommandIDs.sendToBackground]) {
      palette?.addItem({ command, category: trans.__('Pipelines') });
    }
  }
};

export default plugin;

function kernelsOf(app: JupyterFrontEnd): IKernelChoice[] {
  const specs = app.serviceManager.kernelspecs.specs?.kernelspecs ?? {};
  return Object.values(specs).flatMap(spec =>
    spec === undefined ? [] : [{ name: spec.name, label: spec.display_name }]
  );
}
