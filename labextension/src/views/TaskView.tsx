import type { ReactElement } from 'react';

import type { DagModel } from '../models/dag';
import type { FocusModel } from '../models/focus';
import type { IStudio } from '../tokens';
import { trans } from '../trans';
import { CellFrame, DagPhaseNote } from './CellFrame';
import { TabButton } from './TabLinks';
import { useSignal } from './hooks';
import { Empty, ErrorNote } from './Notes';
import { Output } from './Output';
import { StateBadge } from './StateIcon';
import { TaskCard } from './TaskCard';
import { runName } from './text';

export interface ITaskViewProps {
  dag: DagModel;
  focus: FocusModel;
  studio: IStudio;
}

/** A task of a run, or of the newest: its card. */
export function TaskView(props: ITaskViewProps): ReactElement {
  const { dag, focus, studio } = props;
  return (
    <TaskFrame {...props} what={trans.__('task')}>
      <TaskCard dag={dag} focus={focus} studio={studio} isAlone />
    </TaskFrame>
  );
}

/** What a task produced, and nothing else. */
export function OutputView(props: ITaskViewProps): ReactElement {
  const { focus, studio } = props;
  useSignal(focus.changed);
  return (
    <TaskFrame {...props} what={focus.taskId ?? ''}>
      <div className="jp-Studio-viewBody">
        {focus.task === null ? (
          <Empty title={trans.__('There is no output yet: the task has not run.')} />
        ) : (
          <Output model={focus.task.output} host={studio.host} />
        )}
      </div>
    </TaskFrame>
  );
}

function TaskFrame({ dag, focus, studio, what, children }: ITaskViewProps & { what: string; children: ReactElement }): ReactElement {
  useSignal(dag.changed);
  useSignal(focus.changed);
  const run = dag.run?.summary ?? null;
  const status = focus.taskId === null ? null : dag.status(focus.taskId);
  const isKnown = dag.nodes.some(node => node.id === focus.taskId);
  return (
    <CellFrame
      title={dag.dagId}
      what={what}
      note={
        <>
          {run !== null && (
            <span className="jp-Studio-muted" title={run.run_id}>
              {runName(run, dag.dag?.timezone ?? 'UTC')}
            </span>
          )}
          {status !== null && what === focus.taskId && <StateBadge state={status.state} />}
          <DagPhaseNote dag={dag} />
        </>
      }
      tools={
        <TabButton
          host={studio.host}
          title={trans.__('Open in a tab of its own')}
          to={{ dagId: dag.dagId, runId: run?.run_id ?? null, taskId: focus.taskId }}
        />
      }
    >
      {dag.error !== null && <ErrorNote error={dag.error} onRetry={() => void dag.refresh()} />}
      {isKnown ? children : <Empty title={dag.phase === 'live' ? trans.__('The DAG has no task %1.', focus.taskId ?? '') : trans.__('Fetching the task…')} />}
    </CellFrame>
  );
}
