import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILabShell, ILayoutRestorer } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { CommandIDs } from '../commands';
import { pipelinesIcon } from '../icons';
import { DagPageModel } from '../models/dagpage';
import type { PartialPlace } from '../models/place';
import { DAG_TABS, placeOf, placeText, readPartial, TASK_TABS } from '../models/place';
import { IStudio } from '../tokens';
import { trans } from '../trans';
import { DagPanel, panelInFront } from '../widgets/panel';

const NAMESPACE = 'pipeline-studio';
const ID = 'pipeline-studio:panel';

/** A tab for each DAG. */
const plugin: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'A tab for each DAG: live graph, runs, and the output of the chosen task.',
  autoStart: true,
  requires: [IStudio],
  optional: [ILabShell, ILayoutRestorer, ISettingRegistry],
  activate: (
    app: JupyterFrontEnd,
    studio: IStudio,
    shell: ILabShell | null,
    restorer: ILayoutRestorer | null,
    registry: ISettingRegistry | null
  ): void => {
    // Until they are there, panels open as they do by default.
    let settings: ISettingRegistry.ISettings | null = null;
    registry?.load(ID).then(
      loaded => (settings = loaded),
      (reason: unknown) => console.warn('Pipeline Studio: the settings of panels were not loaded.', reason)
    );
    const tracker = new WidgetTracker<MainAreaWidget<DagPanel>>({ namespace: NAMESPACE });

    const open = async (place: PartialPlace): Promise<void> => {
      const known = tracker.find(widget => widget.content.model.dag.dagId === place.dagId);
      const wanted = settings?.composite;
      const widget = known ?? makeWidget(studio, { ...readPartial({ dagId: place.dagId, tab: wanted?.['view'] }), ...place });
      if (known !== undefined) {
        known.content.model.go(place);
      } else {
        await tracker.add(widget);
        saveMoves(widget.content.model, () => void tracker.save(widget));
      }
      if (!widget.isAttached) {
        app.shell.add(widget, 'main', {
          type: 'Pipeline',
          mode: wanted?.['placement'] === 'beside' ? 'split-right' : 'tab-after'
        });
      }
      app.shell.activateById(widget.id);
    };

    app.commands.addCommand(CommandIDs.openDag, {
      label: args => (typeof args['dagId'] === 'string' ? trans.__('Open %1', args['dagId']) : trans.__('Open a DAG')),
      caption: trans.__('Its graph, its runs and what its tasks produced'),
      icon: pipelinesIcon,
      isVisible: () => shell !== null,
      describedBy: {
        args: {
          type: 'object',
          properties: {
            dagId: { type: 'string', description: 'Id of the DAG' },
            runId: { type: ['string', 'null'], description: 'Run to show; without it the newest is followed' },
            taskId: { type: ['string', 'null'], description: 'Task to look at' },
            mapIndex: { type: ['integer', 'null'], description: 'Which instance of a mapped task' },
            tab: { type: 'string', enum: [...DAG_TABS], description: 'What to show of the DAG' },
            backfillId: { type: ['integer', 'null'], description: 'Backfill to show among the backfills' },
            taskTab: { type: ['string', 'null'], enum: [...TASK_TABS, null], description: 'What to show of the task' }
          },
          required: ['dagId']
        }
      },
      execute: args => open(readArgs(args))
    });

    app.commands.addCommand(CommandIDs.showView, {
      label: args => trans.__('Show the View “%1”', typeof args['tab'] === 'string' ? args['tab'] : ''),
      isEnabled: () => panelInFront(app) !== null,
      describedBy: {
        args: {
          type: 'object',
          properties: { tab: { type: 'string', enum: [...DAG_TABS], description: 'What to show of the DAG in front' } },
          required: ['tab']
        }
      },
      execute: args => {
        const model = panelInFront(app)?.model;
        const place = model === undefined ? null : readPartial({ dagId: model.dag.dagId, tab: args['tab'] });
        if (place !== null) {
          model?.go(place);
        }
      }
    });

    void restorer?.restore(tracker, {
      command: CommandIDs.openDag,
      args: ({ content }) => ({ ...content.model.place }),
      name: ({ content }) => content.model.dag.dagId
    });
  }
};

export default plugin;

function makeWidget(studio: IStudio, place: PartialPlace): MainAreaWidget<DagPanel> {
  const model = new DagPageModel({ ...studio, place: placeOf(place) });
  const widget = new MainAreaWidget({ content: new DagPanel(studio, model) });
  widget.id = `${NAMESPACE}:dag:${place.dagId}`;
  widget.title.label = place.dagId;
  widget.title.caption = trans.__('Pipeline %1', place.dagId);
  widget.title.icon = pipelinesIcon;
  widget.title.closable = true;
  widget.toolbar.hide();
  return widget;
}

/** Call `save` when the person is elsewhere; the model changes much more often. */
function saveMoves(model: DagPageModel, save: () => void): void {
  let saved = placeText(model.place);
  model.changed.connect(() => {
    const now = placeText(model.place);
    if (now !== saved) {
      saved = now;
      save();
    }
  });
}

function readArgs(args: ReadonlyPartialJSONObject): PartialPlace {
  const place = readPartial(args);
  if (place === null) {
    throw new Error(`${CommandIDs.openDag} needs the argument dagId: the id of a DAG.`);
  }
  return place;
}
