import type { ReactElement } from 'react';
import { useEffect, useState } from 'react';

import type { TaskStatus } from '../api/schema';
import { asStudioError } from '../api/errors';
import type { StudioError } from '../api/errors';
import type { IHost } from '../host';
import type { DagModel, IGraphNode } from '../models/dag';
import type { FocusModel } from '../models/focus';
import { isTaskOver } from '../models/order';
import type { TaskModel } from '../models/task';
import { ClearForm } from './ClearForm';
import { Button } from './Glyph';
import { useSignal } from './hooks';
import { Log } from './Log';
import { ErrorNote } from './Notes';
import { Output } from './Output';
import { StateBadge } from './StateIcon';
import { Facts, Links } from './TaskFacts';
import { Instances, Tries } from './TaskPickers';
import { withoutAnsi } from './text';
import { Values } from './Values';

type Tab = 'output' | 'log' | 'values';

/** Kinds of tasks that show nothing but, perhaps, what their code displays. */
const QUIET = new Set(['function', 'empty', 'latest_only', 'approval', 'wait', 'trigger_dag', 'dag_sensor', 'asset_sensor']);

export interface ITaskCardProps {
  dag: DagModel;
  focus: FocusModel;
  host: IHost;
  /** The card is all that there is: it cannot be closed. */
  isAlone?: boolean;
}

/** The chosen task: what it is, how it goes, why it waits, what it has produced. */
export function TaskCard({ dag, focus, host, isAlone = false }: ITaskCardProps): ReactElement | null {
  useSignal(focus.changed);
  const node = dag.nodes.find(candidate => candidate.id === focus.taskId);
  const close = isAlone ? null : () => focus.choose(null);
  if (node === undefined) {
    return null;
  }
  return (
    <section className="jp-Studio-card" aria-label={`Task ${node.id}`}>
      {focus.task === null ? (
        <>
          <Header node={node} onClose={close} />
          <Facts node={node} status={null} attempt={null} />
          <p className="jp-Studio-muted">{whyNoTask(dag)}</p>
        </>
      ) : (
        <Body key={keyOf(focus.task)} dag={dag} focus={focus} node={node} task={focus.task} host={host} isAlone={isAlone} />
      )}
    </section>
  );
}

function whyNoTask(dag: DagModel): string {
  if (dag.phase === 'offline') {
    return 'The server cannot be reached: what its runs produced is shown when it answers again.';
  }
  if (dag.run === null) {
    return 'There is no run yet: publish the DAG and trigger one.';
  }
  return dag.run.isComplete ? 'This run has no such task: its version of the DAG is another one.' : 'Fetching the run…';
}

function keyOf({ ref }: TaskModel): string {
  return `${ref.runId}/${ref.taskId}/${ref.mapIndex}`;
}

interface IBodyProps extends ITaskCardProps {
  node: IGraphNode;
  task: TaskModel;
}

function Body({ dag, focus, node, task, host, isAlone }: IBodyProps): ReactElement {
  useSignal(task.changed);
  useSignal(task.output.changed);
  const [chosen, setTab] = useState<Tab | null>(null);
  const [isClearing, setClearing] = useState(false);
  const [failure, setFailure] = useState<StudioError | null>(null);
  useEffect(() => setFailure(null), [task]);
  const { mapIndex, taskId, runId } = task.ref;
  const instances = dag.run?.instances(taskId) ?? [];
  const status = instances.find(one => one.map_index === mapIndex) ?? task.detail?.task ?? null;
  const attempts = task.detail?.attempts ?? [];
  const attempt =
    (task.tryNumber === null ? attempts.at(-1) : attempts.find(one => one.try_number === task.tryNumber)) ?? null;
  const hasOutput = !QUIET.has(node.kind) || (task.output.cells?.length ?? 0) > 0;
  const tab = chosen === null || (chosen === 'output' && !hasOutput) ? (hasOutput ? 'output' : 'log') : chosen;
  const open = (): void => {
    const ref = attempt === null ? task.ref : { ...task.ref, tryNumber: attempt.try_number };
    setFailure(null);
    host.openNotebook(ref).catch((reason: unknown) => setFailure(asStudioError(reason)));
  };
  return (
    <>
      <Header node={node} status={status} onClose={isAlone === true ? null : () => focus.choose(null)} />
      <Facts node={node} status={status} attempt={attempt}>
        <Links task={task} attempt={attempt} host={host} />
      </Facts>
      {instances.length > 1 && <Instances focus={focus} instances={instances} shown={mapIndex} />}
      <Why task={task} status={status} />
      {attempt?.error != null && status?.state !== 'success' && <Failure text={attempt.error} />}
      {task.error !== null && <ErrorNote error={task.error} onRetry={() => void task.refresh()} />}
      {failure !== null && <ErrorNote error={failure} />}
      <div className="jp-Studio-actions">
        {hasOutput && (
          <Button
            title="The executed notebook, as far as it is"
            pressed={tab === 'output'}
            onClick={() => setTab('output')}
          >
            Output
          </Button>
        )}
        <Button title="What the task wrote" pressed={tab === 'log'} onClick={() => setTab('log')}>
          Log
        </Button>
        <Button title="What it returned and saved" pressed={tab === 'values'} onClick={() => setTab('values')}>
          Values
        </Button>
        {attempts.length > 1 && <Tries task={task} attempts={attempts} />}
        <span className="jp-Studio-space" />
        {hasOutput && host.hasTabs && (
          <Button glyph="open" title="Open the output notebook" disabled={attempts.length === 0} onClick={open}>
            Open notebook
          </Button>
        )}
        <Button
          glyph="again"
          title="Run this task again…"
          pressed={isClearing}
          disabled={status === null}
          onClick={() => setClearing(!isClearing)}
        >
          Clear
        </Button>
      </div>
      {isClearing && <ClearForm dag={dag} runId={runId} taskId={taskId} onDone={() => setClearing(false)} />}
      <div className="jp-Studio-cardBody">
        {tab === 'output' && <Output model={task.output} host={host} />}
        {tab === 'log' && <Log model={task} />}
        {tab === 'values' && <Values model={task} host={host} />}
      </div>
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
      {onClose !== null && <Button glyph="close" title="Close" onClick={onClose} />}
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
      Why it is not running:
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
