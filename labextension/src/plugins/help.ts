import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILabShell } from '@jupyterlab/application';
import { ICommandPalette, IFrame, MainAreaWidget } from '@jupyterlab/apputils';

import { CommandIDs } from '../commands';
import { helpPath } from '../host/help';
import { pipelinesIcon } from '../icons';
import { IStudio } from '../tokens';
import { trans } from '../trans';

const ID = 'pipeline-studio:help';

/** The guides, in a tab: what a view shows, and what one does there. */
const plugin: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'Shows the guides of the studio.',
  autoStart: true,
  requires: [IStudio],
  optional: [ILabShell, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    { host }: IStudio,
    shell: ILabShell | null,
    palette: ICommandPalette | null
  ): void => {
    let widget: MainAreaWidget<IFrame> | null = null;
    app.commands.addCommand(CommandIDs.openHelp, {
      label: trans.__('Pipelines Help'),
      caption: trans.__('What the views show, and what one does there'),
      describedBy: {
        args: { type: 'object', properties: { topic: { type: 'string', description: 'Guide, or guide#section' } } }
      },
      execute: args => {
        const url = host.url(helpPath(typeof args['topic'] === 'string' ? args['topic'] : 'panels')) ?? '';
        if (shell === null) {
          window.open(url, '_blank', 'noopener');
          return;
        }
        if (widget === null || widget.isDisposed) {
          // Pages of our own without scripts. A frame of a foreign origin would not be logged in when a link is followed.
          widget = new MainAreaWidget({ content: new IFrame({ sandbox: ['allow-same-origin', 'allow-popups'] }) });
          widget.id = ID;
          widget.title.label = trans.__('Pipelines Help');
          widget.title.icon = pipelinesIcon;
          widget.title.closable = true;
          widget.toolbar.hide();
        }
        widget.content.url = url;
        if (!widget.isAttached) {
          shell.add(widget, 'main', { mode: 'split-right' });
        }
        shell.activateById(ID);
      }
    });
    palette?.addItem({ command: CommandIDs.openHelp, category: trans.__('Pipelines') });
  }
};

export default plugin;
