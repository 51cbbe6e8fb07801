import type { FocusEvent, KeyboardEvent, ReactElement } from 'react';
import { useRef } from 'react';

import type { TaskStatus } from '../api/schema';
import type { DagModel, IGraphNode } from '../models/dag';
import type { FocusModel } from '../models/focus';
import { isTaskOver } from '../models/order';
import type { TaskTab } from '../models/place';
import type { TaskModel } from '../models/task';
import type { IStudio } from '../tokens';
import { trans } from '../trans';
import { Button } from './Glyph';
import { HelpButton } from './HelpButton';
import { useSignal } from './hooks';
import { Log } from './Log';
import { ErrorNote } from './Notes';
import { Output } from './Output';
import { StateBadge } from './StateIcon';
import { Facts, Links } from './TaskFacts';
import { Instances, Tries } from './TaskPickers';
import type { ITab } from './Tabs';
import { Tabs } from './Tabs';
import { ApprovalForm } from './task/ApprovalForm';
import { ParamsPanel } from './task/ParamsPanel';
import { ResourcesPanel } from './task/ResourcesPanel';
import { TaskActions } from './task/TaskActions';
import { TaskComparison } from './task/TaskComparison';
import { TriesPanel } from './task/TriesPanel';
import { WhyPanel } from './task/WhyPanel';
import { withoutAnsi } from './text';
import { Values } from './Values';

const taskTabs = (): readonly ITab<TaskTab>[] => [
  { id: 'output', label: trans.__('Output'), title: trans.__('The executed notebook, as far as it is') },
  { id: 'log', label: trans.__('Log'), title: trans.__('What the task wrote') },
  { id: 'params', label: trans.__('Params'), title: trans.__('What it was given, written and rendered') },
  { id: 'values', label: trans.__('Values'), title: trans.__('What it returned and saved') },
  { id: 'resources', label: trans.__('Resources'), title: trans.__('Time, CPU and memory') },
  { id: 'tries', label: trans.__('Tries'), title: trans.__('Every try, and what differs between them') },
  { id: 'why', label: trans.__('Why'), title: trans.__('Why it waits, or how it came to its state') },
  { id: 'compare', label: trans.__('Compare'), title: trans.__('Beside the same task of another run') }
];

/** Kinds of tasks that show nothing but, perhaps, what their code displays. */
const QUIET = new Set(['function', 'empty', 'latest_only', 'approval', 'wait', 'trigger_dag', 'dag_sensor', 'asset_sensor']);

export interface ITaskCardProps {
  dag: DagModel;
  focus: FocusModel;
  studio: IStudio;
  /** The card is all that there is: it cannot be closed. */
  isAlone?: boolean;
}

/** The chosen task: what it is, how it goes, why it waits, what it has produced. */
export function TaskCard({ dag, focus, studio, isAlone = false }: ITaskCardProps): ReactElement | null {
  useSignal(focus.changed);
  const cameFrom = useRef<HTMLElement | null>(null);
  const node = dag.nodes.find(candidate => candidate.id === focus.taskId);
  const close = isAlone
    ? null
    : () => {
        focus.choose(null);
        cameFrom.current?.focus();
      };
  const onFocus = (event: FocusEvent<HTMLElement>): void => {
    const from = event.relatedTarget;
    if (from instanceof HTMLElement && !event.currentTarget.contains(from)) {
      cameFrom.current = from;
    }
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' && !event.defaultPrevented && close !== null) {
      event.preventDefault();
      close();
    }
  };
  if (node === undefined) {
    return null;
  }
  return (
    <section className="jp-Studio-card" aria-label={trans.__('Task %1', node.id)} onFocus={onFocus} onKeyDown={onKeyDown}>
      {focus.task === null ? (
        <>
          <Header node={node} onClose={close} />
          <Facts node={node} status={null} attempt={null} />
          <p className="jp-Studio-muted">{whyNoTask(dag)}</p>
        </>
      ) : (
        <Body key={keyOf(focus.task)} dag={dag} focus={focus} node={node} task={focus.task} studio={studio} onClose={close} />
      )}
    </section>
  );
}

function whyNoTask(dag: DagModel): string {
  if (dag.phase === 'offline') {
    return trans.__('The server cannot be reached: what its runs produced is shown when it answers again.');
  }
  if (dag.run === null) {
    return dag.chosen === null
      ? trans.__('There is no run yet: publish the DAG and trigger one.')
      : trans.__('There is no run %1 (any more): choose another one.', dag.chosen);
  }
  return dag.run.isComplete ? trans.__('This run has no such task: its version of the DAG is another one.') : trans.__('Fetching the run…');
}

function keyOf({ ref }: TaskModel): string {
  return `${ref.runId}/${ref.taskId}/${ref.mapIndex}`;
}

interface IBodyProps extends ITaskCardProps {
  node: IGraphNode;
  task: TaskModel;
  onClose: (() => void) | null;
}

function Body({ dag, focus, node, task, studio, onClose }: IBodyProps): ReactElement {
  useSignal(task.changed);
  useSignal(task.output.changed);
  const { client, host } = studio;
  const { mapIndex, taskId } = task.ref;
  const instances = dag.run?.instances(taskId) ?? [];
  const status = instances.find(one => one.map_index === mapIndex) ?? task.detail?.task ?? null;
  const attempts = task.detail?.attempts ?? [];
  const attempt =
    (task.tryNumber === null ? attempts.at(-1) : attempts.find(one => one.try_number === task.tryNumber)) ?? null;
  const hasOutput = !QUIET.has(node.kind) || (task.output.cells?.length ?? 0) > 0;
  const tabs = hasOutput ? taskTabs() : taskTabs().filter(({ id }) => id !== 'output');
  const tab = tabs.find(({ id }) => id === focus.tab)?.id ?? tabs[0]?.id ?? 'log';
  return (
    <>
      <Header node={node} status={status} onClose={onClose} />
      <Facts node={node} status={status} attempt={attempt}>
        <Links task={task} attempt={attempt} host={host} />
      </Facts>
      <TaskActions dag={dag} task={task} studio={studio} status={status} attempt={attempt} hasOutput={hasOutput}>
        {instances.length > 1 && <Instances focus={focus} instances={instances} shown={mapIndex} />}
        {attempts.length > 1 && <Tries task={task} attempts={attempts} />}
      </TaskActions>
      {status?.state === 'awaiting_input' && <ApprovalForm key={status.try_number} client={client} task={task.ref} />}
      <Why task={task} status={status} />
      {attempt?.error != null && status?.state !== 'success' && <Failure text={attempt.error} />}
      {task.error !== null && <ErrorNote error={task.error} onRetry={() => void task.refresh()} />}
      <Tabs label={trans.__('What there is of %1', taskId)} tabs={tabs} shown={tab} onShow={shown => focus.show(shown)} tools={<HelpButton host={host} topic={`panels#task-${tab}`} />}>
        <div className="jp-Studio-cardBody">
          {tab === 'output' && <Output model={task.output} host={host} />}
          {tab === 'log' && <Log model={task} />}
          {tab === 'params' && dag.run !== null && (
            <ParamsPanel client={client} run={dag.run.summary} taskId={taskId} attempt={attempt} />
          )}
          {tab === 'values' && <Values model={task} host={host} />}
          {tab === 'resources' && <ResourcesPanel task={task} attempt={attempt} />}
          {tab === 'tries' && <TriesPanel task={task} attempts={attempts} />}
          {tab === 'compare' && dag.run !== null && (
            <TaskComparison client={client} dag={dag} run={dag.run.summary} task={task.ref} />
          )}
          {tab === 'why' && (
            <WhyPanel dag={dag} node={node} status={status} detail={task.detail} onChoose={id => focus.choose(id)} />
          )}
        </div>
      </Tabs>
    </>
  );
}

function Header({
  node,
  status,
  onClose
}: {
  node: IGraphNode;
  status?: TaskStatus | null;
  onClose: (() => void) | null;
}): ReactElement {
  return (
    <header className="jp-Studio-cardHeader">
      <h3 title={node.id}>{node.id}</h3>
      {status != null && <StateBadge state={status.state} />}
      <span className="jp-Studio-space" />
      {onClose !== null && <Button glyph="close" title={trans.__('Close')} onClick={onClose} />}
    </header>
  );
}

function Why({ task, status }: { task: TaskModel; status: TaskStatus | null }): ReactElement | null {
  const why = task.detail?.why ?? [];
  if (why.length === 0 || status === null || isTaskOver(status.state) || status.state === 'running') {
    return null;
  }
  return (
    <div className="jp-Studio-why">
      {trans.__('Why it is not running:')}
      <ul>
        {why.map(reason => (
          <li key={reason}>{reason}</li>
        ))}
      </ul>
    </div>
  );
}

/** The last line says what happened; the rest is there for who wants it. */
function Failure({ text }: { text: string }): ReactElement {
  const plain = withoutAnsi(text).trim();
  const last = plain.slice(plain.lastIndexOf('\n') + 1);
  return (
    <div className="jp-Studio-error" role="alert">
      <details>
        <summary>{last}</summary>
        <pre>{plain}</pre>
      </details>
    </div>
  );
}
