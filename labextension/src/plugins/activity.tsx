import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILabShell } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ReactWidget } from '@jupyterlab/ui-components';

import type { RunSummary } from '../api/schema';
import { CommandIDs } from '../commands';
import { ActivityModel } from '../models/activity';
import { IStudio } from '../tokens';
import { trans } from '../trans';
import { StatusItem } from '../views/StatusItem';
import { runName } from '../views/text';

const ID = 'pipeline-studio:activity';
const SHOWN = 10_000; // milliseconds that good news stays

/** In the status bar what goes on, and a notification when a run has ended. Only in JupyterLab. */
const plugin: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'Tells what goes on in the studio, and when runs end.',
  autoStart: true,
  requires: [IStudio, ILabShell],
  optional: [IStatusBar, ISettingRegistry],
  activate: (
    app: JupyterFrontEnd,
    studio: IStudio,
    _shell: ILabShell,
    statusBar: IStatusBar | null,
    registry: ISettingRegistry | null
  ): void => {
    // Once the page stands: nothing waits for it.
    void app.restored.then(async () => {
      const model = new ActivityModel(studio);
      const settings = (await registry?.load(ID).catch(() => null)) ?? null;
      const isWanted = (run: RunSummary): boolean => {
        const which = settings?.composite[run.state === 'success' ? 'finished' : 'failed'] ?? 'all';
        return which === 'all' || (which === 'mine' && run.run_type === 'manual');
      };
      model.ended.connect((_, run) => {
        if (!isWanted(run)) {
          return;
        }
        const name = `${run.dag_id}, ${runName(run, 'UTC')}`;
        const actions = [
          {
            label: trans.__('Open'),
            callback: () =>
              void app.commands.execute(CommandIDs.openDag, { dagId: run.dag_id, runId: run.run_id, tab: 'graph' })
          }
        ];
        if (run.state === 'success') {
          Notification.success(trans.__('%1 has succeeded.', name), { actions, autoClose: SHOWN });
        } else if (run.state === 'failed') {
          Notification.error(trans.__('%1 has failed.', name), { actions, autoClose: false });
        }
      });
      if (statusBar !== null) {
        const onOpen = (): void => void app.commands.execute(CommandIDs.showPipelines);
        const item = ReactWidget.create(<StatusItem model={model} stream={studio.stream} onOpen={onOpen} />);
        item.addClass('jp-Studio');
        statusBar.registerStatusItem(ID, { item, align: 'left', rank: 3 });
      }
    });
  }
};

export default plugin;
