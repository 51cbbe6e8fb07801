import type { ReactElement } from 'react';

import type { TaskDetail, TaskStatus } from '../../api/schema';
import type { DagModel, IGraphNode } from '../../models/dag';
import { isTaskOver } from '../../models/order';
import { trans } from '../../trans';
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
      <section aria-label={trans.__('Why')}>
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
      <section aria-label={trans.__('Upstream')}>
        <h4>{trans.__('What it waits for')}</h4>
        {node.upstream.length === 0 ? (
          <p className="jp-Studio-muted">{trans.__('No task: it starts when the run does.')}</p>
        ) : (
          <>
            <p className="jp-Studio-muted">{trans.__('Trigger rule: %1', detail?.node.trigger_rule ?? 'all_success')}</p>
            <ul className="jp-Studio-upstream">
              {node.upstream.map(id => (
                <li key={id}>
                  <StateBadge state={dag.status(id)?.state ?? 'none'} />
                  <LinkButton title={trans.__('Look at %1', id)} onClick={() => onChoose(id)}>
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
    return trans.__('It is not in this run');
  }
  return isTaskOver(status.state) ? trans.__('Why: %1', LOOKS[status.state].label) : trans.__('Why it does not go on: %1', LOOKS[status.state].label);
}

function wordsOf(status: TaskStatus | null, detail: TaskDetail | null): string {
  switch (status?.state) {
    case 'success':
      return status.try_number === 0 ? trans.__('Somebody marked it so; it has not run.') : trans.__('Try %1 succeeded.', status.try_number);
    case 'failed': {
      const tries = detail?.attempts.length ?? 0;
      return tries === 0 ? trans.__('Somebody marked it so; it has not run.') : trans.__('It failed in try %1 of %2, and no further try is left.', status.try_number, status.max_tries);
    }
    case 'upstream_failed':
      return trans.__('A task that it waits for failed, and its trigger rule does not go on after that.');
    case 'skipped':
      return trans.__('A branch did not take this way, a task before it was skipped, or somebody marked it so.');
    case 'cancelled':
      return trans.__('Its run was cancelled.');
    case 'running':
      return trans.__('Nothing holds it: it runs.');
    default:
      return trans.__('Nothing holds it.');
  }
}
