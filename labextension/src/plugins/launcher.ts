import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILauncher } from '@jupyterlab/launcher';

import { CommandIDs } from '../commands';
import { trans } from '../trans';

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'pipeline-studio:launcher',
  description: 'A card in the launcher that shows the list of DAGs.',
  autoStart: true,
  optional: [ILauncher],
  activate: (app: JupyterFrontEnd, launcher: ILauncher | null): void => {
    void app.started.then(() => {
      if (app.commands.hasCommand(CommandIDs.showPipelines)) {
        launcher?.add({ command: CommandIDs.showPipelines, category: trans.__('Studio'), rank: 1, args: { isLauncher: true } });
        launcher?.add({ command: CommandIDs.scheduleNotebook, category: trans.__('Studio'), rank: 2, args: { isLauncher: true } });
      }
    });
  }
};

export default plugin;
