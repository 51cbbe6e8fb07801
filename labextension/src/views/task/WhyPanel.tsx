import type { ReactElement } from 'react';

import type { TaskDetail, TaskStatus } from '../../api/schema';
import type { DagModel, IGraphNode } from '../../models/dag';
import { isTaskOver } from '../../models/order';
import { LinkButton } from '../Glyph';
import { StateBadge } from '../StateIcon';
import { LOOKS } from '../states';

export interface IWhyPanelProps {
  dag: DagModel;
  node: IGraphNode;
  status: TaskStatus | null;
  detail: TaskDetail | null;
  onChoose: (taskId: string) => void;
}

/** Why it waits, or how it came to its state; and how those went that it waits for. */
export function WhyPanel({ dag, node, status, detail, onChoose }: IWhyPanelProps): ReactElement {
  const why = detail?.why ?? [];
  return (
    <div className="jp-Studio-panelBody">
      <section aria-label="Why">
        <h4>{headOf(status)}</h4>
        {why.length === 0 ? (
          <p>{wordsOf(status, detail)}</p>
        ) : (
          <ul>
            {why.map(reason => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
        )}
      </section>
      <section aria-label="Upstream">
        <h4>What it waits for</h4>
        {node.upstream.length === 0 ? (
          <p className="jp-Studio-muted">No task: it starts when the run does.</p>
        ) : (
          <>
            <p className="jp-Studio-muted">{`Trigger rule: ${detail?.node.trigger_rule ?? 'all_success'}`}</p>
            <ul className="jp-Studio-upstream">
              {node.upstream.map(id => (
                <li key={id}>
                  <StateBadge state={dag.status(id)?.state ?? 'none'} />
                  <LinkButton title={`Look at ${id}`} onClick={() => onChoose(id)}>
                    {id}
                  </LinkButton>
                </li>
              ))}
            </ul>
          </>
        )}
      </section>
    </div>
  );
}

function headOf(status: TaskStatus | null): string {
  if (status === null) {
    return 'It is not in this run';
  }
  return isTaskOver(status.state) ? `Why: ${LOOKS[status.state].label}` : `Why it does not go on: ${LOOKS[status.state].label}`;
}

function wordsOf(status: TaskStatus | null, detail: TaskDetail | null): string {
  switch (status?.state) {
    case 'success':
      return status.try_number === 0 ? 'Somebody marked it so; it has not run.' : `Try ${status.try_number} succeeded.`;
    case 'failed': {
      const tries = detail?.attempts.length ?? 0;
      return tries === 0 ? 'Somebody marked it so; it has not run.' : `It failed in try ${status.try_number} of ${status.max_tries}, and no further try is left.`;
    }
    case 'upstream_failed':
      return 'A task that it waits for failed, and its trigger rule does not go on after that.';
    case 'skipped':
      return 'A branch did not take this way, a task before it was skipped, or somebody marked it so.';
    case 'cancelled':
      return 'Its run was cancelled.';
    case 'running':
      return 'Nothing holds it: it runs.';
    default:
      return 'Nothing holds it.';
  }
}
