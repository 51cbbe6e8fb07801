import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILabShell, ILayoutRestorer } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { IOpenDagArgs } from '../commands';
import { CommandIDs } from '../commands';
import { pipelinesIcon } from '../icons';
import { IStudio } from '../tokens';
import { DagPanel } from '../widgets/panel';

const NAMESPACE = 'pipeline-studio';

/** A tab for each DAG. */
const plugin: JupyterFrontEndPlugin<void> = {
  id: 'pipeline-studio:panel',
  description: 'A tab for each DAG: live graph, runs, and the output of the chosen task.',
  autoStart: true,
  requires: [IStudio],
  optional: [ILabShell, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    studio: IStudio,
    shell: ILabShell | null,
    restorer: ILayoutRestorer | null
  ): void => {
    const tracker = new WidgetTracker<MainAreaWidget<DagPanel>>({ namespace: NAMESPACE });

    const open = async (args: IOpenDagArgs): Promise<void> => {
      const known = tracker.find(widget => widget.content.dag.dagId === args.dagId);
      const widget = known ?? makeWidget(studio, args);
      if (known !== undefined) {
        revisit(known.content, args);
      } else {
        const { dag, focus } = widget.content;
        const save = (): void => void tracker.save(widget);
        await tracker.add(widget);
        focus.changed.connect(save);
        dag.runChosen.connect(save);
      }
      if (!widget.isAttached) {
        app.shell.add(widget, 'main', { type: 'Pipeline' });
      }
      app.shell.activateById(widget.id);
    };

    app.commands.addCommand(CommandIDs.openDag, {
      label: args => (typeof args['dagId'] === 'string' ? `Open ${args['dagId']}` : 'Open a DAG'),
      caption: 'Its graph, its runs and what its tasks produced',
      icon: pipelinesIcon,
      isVisible: () => shell !== null,
      describedBy: {
        args: {
          type: 'object',
          properties: {
            dagId: { type: 'string', description: 'Id of the DAG' },
            runId: { type: ['string', 'null'], description: 'Run to show; without it the newest is followed' },
            taskId: { type: ['string', 'null'], description: 'Task to look at' }
          },
          required: ['dagId']
        }
      },
      execute: args => open(readArgs(args))
    });

    void restorer?.restore(tracker, {
      command: CommandIDs.openDag,
      args: ({ content: { dag, focus } }) => ({ dagId: dag.dagId, runId: dag.chosen, taskId: focus.taskId }),
      name: ({ content }) => content.dag.dagId
    });
  }
};

export default plugin;

function makeWidget(studio: IStudio, args: IOpenDagArgs): MainAreaWidget<DagPanel> {
  const content = new DagPanel({ studio, ...args });
  const widget = new MainAreaWidget({ content });
  widget.id = `${NAMESPACE}:dag:${args.dagId}`;
  widget.title.label = args.dagId;
  widget.title.caption = `Pipeline ${args.dagId}`;
  widget.title.icon = pipelinesIcon;
  widget.title.closable = true;
  widget.toolbar.hide();
  return widget;
}

/** What was not asked for stays as the person left it. */
function revisit(panel: DagPanel, args: IOpenDagArgs): void {
  if (args.runId !== undefined) {
    panel.dag.show(args.runId);
  }
  if (args.taskId !== undefined) {
    panel.focus.choose(args.taskId);
  }
}

function readArgs(args: ReadonlyPartialJSONObject): IOpenDagArgs {
  const { dagId, runId, taskId } = args;
  if (typeof dagId !== 'string') {
    throw new Error(`${CommandIDs.openDag} needs the argument dagId: the id of a DAG.`);
  }
  const text = (value: unknown): string | null | undefined =>
    typeof value === 'string' || value === null ? value : undefined;
  const read: IOpenDagArgs = { dagId };
  const [run, task] = [text(runId), text(taskId)];
  return { ...read, ...(run === undefined ? {} : { runId: run }), ...(task === undefined ? {} : { taskId: task }) };
}
