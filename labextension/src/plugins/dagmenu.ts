import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Clipboard, ICommandPalette, Notification } from '@jupyterlab/apputils';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { asStudioError } from '../api/errors';
import { CommandIDs } from '../commands';
import { IStudio } from '../tokens';
import { trans } from '../trans';
import { panelInFront } from '../widgets/panel';

/** The context menu of a DAG in the sidebar; its items are in `schema/dagmenu.json`. */
const plugin: JupyterFrontEndPlugin<void> = {
  id: 'pipeline-studio:dagmenu',
  description: 'What can be done with a DAG of the sidebar.',
  autoStart: true,
  requires: [IStudio],
  optional: [ICommandPalette],
  activate: (app: JupyterFrontEnd, { client }: IStudio, palette: ICommandPalette | null): void => {
    const { commands } = app;

    const inFront = (): string | null => panelInFront(app)?.model.dag.dagId ?? null;

    /** The DAG of `args`, of the row that the menu was opened on, or the one in front. */
    const dagOf = (args: ReadonlyPartialJSONObject): string | null => {
      if (typeof args['dagId'] === 'string') {
        return args['dagId'];
      }
      const row = args['isInFront'] === true ? undefined : app.contextMenuHitTest(node => node.dataset['dag'] !== undefined);
      return row?.dataset['dag'] ?? inFront();
    };

    const add = (command: string, label: string, act: (dagId: string) => Promise<unknown> | undefined): void => {
      commands.addCommand(command, {
        label: args => (args['isInFront'] === true ? trans.__('%1 (%2)', label, inFront() ?? '') : label),
        isVisible: args => args['isInFront'] !== true || inFront() !== null,
        describedBy: {
          args: { type: 'object', properties: { dagId: { type: 'string', description: 'Id of the DAG; without it the one of the context menu, or in front' } } }
        },
        execute: async args => {
          const dagId = dagOf(args);
          if (dagId === null) {
            return;
          }
          try {
            await act(dagId);
          } catch (reason) {
            const { message, hint } = asStudioError(reason);
            Notification.error([message, hint].filter(Boolean).join(' '), { autoClose: 15_000 });
          }
        }
      });
    };

    add(CommandIDs.triggerDag, trans.__('Trigger'), async dagId => {
      const { run } = await client.call('trigger_run', { path: { dag_id: dagId }, body: {} });
      await commands.execute(CommandIDs.openDag, { dagId, runId: run.run_id });
    });
    add(CommandIDs.backfillDag, trans.__('Backfill…'), dagId =>
      commands.execute(CommandIDs.openDag, { dagId, tab: 'backfills' })
    );
    add(CommandIDs.describeDag, trans.__('Details and Delete…'), dagId =>
      commands.execute(CommandIDs.openDag, { dagId, tab: 'details' })
    );
    add(CommandIDs.pauseDag, trans.__('Pause or Unpause'), async dagId => {
      const { dag } = await client.call('get_dag', { path: { dag_id: dagId } });
      await client.call('update_dag', { path: { dag_id: dagId }, body: { paused: !dag.paused } });
    });
    add(CommandIDs.copyDagId, trans.__('Copy Id'), dagId => {
      Clipboard.copyToSystem(dagId);
      return undefined;
    });
    for (const command of [CommandIDs.triggerDag, CommandIDs.backfillDag, CommandIDs.pauseDag, CommandIDs.describeDag]) {
      palette?.addItem({ command, category: trans.__('Pipelines'), args: { isInFront: true } });
    }
  }
};

export default plugin;
