import type { FormEvent, ReactElement } from 'react';
import { useEffect, useState } from 'react';

import type { IStudioClient } from '../../api/client';
import type { StudioError } from '../../api/errors';
import { asStudioError } from '../../api/errors';
import type { Approval } from '../../api/schema';
import type { ITaskRef } from '../../host';
import { isRecord } from '../../models/checked';
import { ParamsModel } from '../../models/params';
import { trans } from '../../trans';
import { useFetched, useSignal } from '../hooks';
import { Empty, ErrorNote } from '../Notes';
import { ParamsFields } from '../params/ParamsFields';

/** The question that the task asks, and the answer. */
export function ApprovalForm({ client, task }: { client: IStudioClient; task: ITaskRef }): ReactElement {
  const asked = useFetched(
    () => client.call('list_approvals', { path: {}, query: { dag_id: task.dagId } }),
    [client, task]
  );
  const approval = asked.value?.approvals.find(
    one =>
      one.run_id === task.runId && one.task.task_id === task.taskId && one.task.map_index === task.mapIndex
  );
  if (asked.error !== null) {
    return <ErrorNote error={asked.error} onRetry={asked.again} />;
  }
  return approval === undefined ? <Empty title={trans.__('Fetching the question…')} /> : <Question client={client} approval={approval} />;
}

interface IQuestionProps {
  client: IStudioClient;
  approval: Approval;
  onAnswered?: () => void;
}

export function Question({ client, approval, onAnswered }: IQuestionProps): ReactElement {
  const [chosen, setChosen] = useState<readonly string[]>(approval.default);
  const [error, setError] = useState<StudioError | null>(null);
  const [params] = useState(() => new ParamsModel());
  useEffect(() => {
    const schemas = Object.entries(approval.param_schemas).filter(([, schema]) => isRecord(schema));
    params.load(approval.params, Object.fromEntries(schemas) as Record<string, Record<string, unknown>>);
  }, [params, approval]);
  useSignal(params.changed);
  const answer = (options: readonly string[]): void => {
    if (params.attempt() !== null) {
      return;
    }
    const { dag_id, run_id, task } = approval;
    const path = { dag_id, run_id, task_id: task.task_id };
    client
      .call('respond', { path, query: { map_index: task.map_index }, body: { options: [...options], params: params.changes() } })
      .then(onAnswered, (reason: unknown) => setError(asStudioError(reason)));
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    answer(chosen);
  };
  return (
    <form className="jp-Studio-form" aria-label={approval.subject} onSubmit={submit}>
      <p>
        <b>{approval.subject}</b>
      </p>
      {approval.body !== '' && <p className="jp-Studio-description">{approval.body}</p>}
      <ParamsFields model={params} />
      {approval.multiple && (
        <div className="jp-Studio-checks">
          {approval.options.map(option => (
            <label key={option}>
              <input
                type="checkbox"
                checked={chosen.includes(option)}
                onChange={event =>
                  setChosen(event.target.checked ? [...chosen, option] : chosen.filter(one => one !== option))
                }
              />
              {option}
            </label>
          ))}
        </div>
      )}
      {error !== null && <ErrorNote error={error} />}
      <div className="jp-Studio-actions">
        {approval.multiple ? (
          <button type="submit" className="jp-Studio-button jp-mod-primary" disabled={chosen.length === 0}>
            {trans.__('Answer')}
          </button>
        ) : (
          approval.options.map(option => (
            <button
              key={option}
              type="button"
              className={`jp-Studio-button${approval.default.includes(option) ? ' jp-mod-primary' : ''}`}
              onClick={() => answer([option])}
            >
              {option}
            </button>
          ))
        )}
      </div>
    </form>
  );
}
