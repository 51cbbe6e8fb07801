import type { ReactElement } from 'react';

import type { FocusModel } from '../models/focus';
import type { DagModel } from '../models/dag';
import type { IStudio } from '../tokens';
import { trans } from '../trans';
import { Graph } from './Graph';
import { useSignal } from './hooks';
import { Summary } from './Summary';
import { TaskCard } from './TaskCard';

export interface IDagViewProps {
  dag: DagModel;
  focus: FocusModel;
  studio: IStudio;
  /** In a page that scrolls (a cell), rather than in a panel of its own, which graph and card share. */
  isFlowing: boolean;
}

/** The graph of a run, and beside or below it the task that is looked at. */
export function DagView({ dag, focus, studio, isFlowing }: IDagViewProps): ReactElement {
  useSignal(dag.changed);
  useSignal(focus.changed);
  const status = (id: string): ReturnType<DagModel['status']> => dag.status(id);
  return (
    <div
      className={`jp-Studio-dagView${isFlowing ? ' jp-mod-flowing' : ''}${focus.taskId === null ? '' : ' jp-mod-split'}`}
    >
      <div className="jp-Studio-graphPane">
        <Graph
          dagId={dag.dagId}
          nodes={dag.nodes}
          groups={dag.groups}
          status={status}
          chosen={focus.taskId}
          onChoose={id => focus.choose(id)}
          engine={studio.engine}
          label={trans.__('Tasks of %1', dag.dagId)}
          isFlowing={isFlowing || focus.taskId !== null}
        />
        <Summary nodes={dag.nodes} status={status} />
      </div>
      <TaskCard dag={dag} focus={focus} studio={studio} />
    </div>
  );
}
