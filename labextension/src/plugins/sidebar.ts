import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILabShell, ILayoutRestorer } from '@jupyterlab/application';
import { ICommandPalette, showErrorMessage } from '@jupyterlab/apputils';

import { CommandIDs } from '../commands';
import { pipelinesIcon } from '../icons';
import { IStudio } from '../tokens';
import { trans } from '../trans';
import { Sidebar } from '../widgets/sidebar';

const ID = 'pipeline-studio:sidebar';
/** Where the example may stand, below the folder Jupyter was started in. */
const EXAMPLES = ['01_flights.ipynb', 'notebooks/01_flights.ipynb'];

/** Only in JupyterLab: Notebook 7 shows one document per page and has no such list. */
const plugin: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'The list of DAGs in the left sidebar.',
  autoStart: true,
  requires: [IStudio],
  optional: [ILabShell, ILayoutRestorer, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    studio: IStudio,
    shell: ILabShell | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null
  ): void => {
    if (shell === null) {
      return;
    }
    const { commands } = app;
    const sidebar = new Sidebar({
      studio,
      onOpen: dagId => void commands.execute(CommandIDs.openDag, { dagId }),
      onExample: () => void commands.execute(CommandIDs.openExample)
    });
    sidebar.id = ID;
    sidebar.title.icon = pipelinesIcon;
    sidebar.title.caption = trans.__('Pipelines');
    sidebar.node.setAttribute('role', 'region');
    sidebar.node.setAttribute('aria-label', trans.__('Pipelines'));
    shell.add(sidebar, 'left', { rank: 320, type: 'Pipelines' });
    restorer?.add(sidebar, ID);

    commands.addCommand(CommandIDs.showPipelines, {
      label: args => (args['isLauncher'] === true ? trans.__('Pipelines') : trans.__('Show Pipelines')),
      caption: trans.__('The list of DAGs with their last runs'),
      icon: pipelinesIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => shell.activateById(ID)
    });
    commands.addCommand(CommandIDs.openDashboard, {
      label: trans.__('Open the Dashboard'),
      caption: trans.__('The same views in a page of their own'),
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => void window.open(studio.host.url('/') ?? '', '_blank', 'noopener')
    });
    commands.addCommand(CommandIDs.openExample, {
      label: trans.__('Open the Pipelines Example'),
      caption: trans.__('A notebook that defines, publishes and runs a DAG'),
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => openExample(app)
    });
    for (const command of [CommandIDs.showPipelines, CommandIDs.openDashboard, CommandIDs.openExample]) {
      palette?.addItem({ command, category: trans.__('Pipelines') });
    }
  }
};

export default plugin;

async function openExample(app: JupyterFrontEnd): Promise<void> {
  for (const path of EXAMPLES) {
    try {
      await app.serviceManager.contents.get(path, { content: false });
    } catch {
      continue;
    }
    await app.commands.execute('docmanager:open', { path });
    return;
  }
  await showErrorMessage(
    trans.__('The example is not in this folder'),
    trans.__('Start JupyterLab in a clone of Pipeline Studio, or copy its `notebooks` folder here.')
  );
}
