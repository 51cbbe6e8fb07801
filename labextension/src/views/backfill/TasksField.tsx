import type { ReactElement } from 'react';
import { useState } from 'react';

import type { BackfillFormModel } from '../../models/backfillform';
import type { IStudio } from '../../tokens';
import { trans } from '../../trans';
import { Button } from '../Glyph';
import { Graph } from '../Graph';
import { andMore, counted } from '../text';

const NAMED = 4; // tasks that are named

/** Which tasks run: all, or those that are chosen on the graph, with what belongs to them. */
export function TasksField({ model, studio }: { model: BackfillFormModel; studio: IStudio }): ReactElement {
  const { tasks, withUpstream, withDownstream } = model.choices;
  const [isOpen, setOpen] = useState(false);
  const { nodes } = model.dag;
  const { included, problems } = model;
  return (
    <div className="jp-Studio-field" data-field="tasks">
      <span className="jp-Studio-fieldName">{trans.__('Tasks')}</span>
      <div className="jp-Studio-fieldBody">
        <div className="jp-Studio-fieldLine">
          <span>{tasks.length === 0 ? trans.__('all %1', counted(nodes.length, 'task')) : named(tasks, included.size)}</span>
          <Button title={trans.__('Choose tasks on the graph')} pressed={isOpen} onClick={() => setOpen(!isOpen)}>
            {isOpen ? trans.__('Done') : trans.__('Choose…')}
          </Button>
          {tasks.length > 0 && (
            <Button title={trans.__('Run all tasks')} onClick={() => model.set({ tasks: [] })}>
              {trans.__('All tasks')}
            </Button>
          )}
        </div>
        {problems.tasks !== undefined && <div className="jp-Studio-problem">{problems.tasks}</div>}
        {(tasks.length > 0 || isOpen) && (
          <div className="jp-Studio-fieldLine">
            <label className="jp-Studio-check">
              <input
                type="checkbox"
                checked={withUpstream}
                onChange={event => model.set({ withUpstream: event.target.checked })}
              />
              {trans.__('with what they wait for')}
            </label>
            <label className="jp-Studio-check">
              <input
                type="checkbox"
                checked={withDownstream}
                onChange={event => model.set({ withDownstream: event.target.checked })}
              />
              {trans.__('with what waits for them')}
            </label>
          </div>
        )}
        {isOpen && (
          <div className="jp-Studio-taskChoice">
            <Graph
              dagId={model.dag.dagId}
              nodes={nodes}
              groups={model.dag.groups}
              status={() => null}
              chosen={null}
              picked={new Set(tasks)}
              included={included}
              onChoose={id => id !== null && model.toggleTask(id)}
              engine={studio.engine}
              label={trans.__('Tasks to run: enter or space chooses')}
              isFlowing
            />
          </div>
        )}
      </div>
    </div>
  );
}

function named(tasks: readonly string[], included: number): string {
  const names = andMore(tasks, NAMED);
  const others = included - tasks.length;
  return others > 0 ? trans.__('%1, with %2 more', names, counted(others, 'task')) : trans.__('only %1', names);
}
