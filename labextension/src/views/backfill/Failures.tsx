import type { ReactElement } from 'react';
import { useState } from 'react';

import type { BackfillModel } from '../../models/backfill';
import type { IHost } from '../../host';
import { trans } from '../../trans';
import { Button, LinkButton } from '../Glyph';
import { TabButton } from '../TabLinks';
import { StateIcon } from '../StateIcon';
import { counted, runName } from '../text';

const SHOWN = 8; // failed runs

export interface IFailuresProps {
  model: BackfillModel;
  timezone: string;
  host: IHost;
  /** Look at a task of a run. */
  onInspect: (runId: string, taskId: string | null, mapIndex: number | null) => void;
}

/** The runs that failed, each with the tasks to blame. */
export function Failures({ model, timezone, host, onInspect }: IFailuresProps): ReactElement | null {
  const [isAll, setAll] = useState(false);
  const { failures } = model;
  if (failures.length === 0) {
    return null;
  }
  const shown = isAll ? failures : failures.slice(0, SHOWN);
  return (
    <section className="jp-Studio-failures" aria-label={trans.__('Failed runs')}>
      <header>
        <strong>{trans.__('%1 failed', counted(failures.length, 'run'))}</strong>
        <Button
          glyph="again"
          title={trans.__('Run again what failed in these runs, and what waited for it; the rest is kept')}
          disabled={model.isBusy}
          onClick={() => void model.repair()}
        >
          {trans.__('Run the failed again')}
        </Button>
      </header>
      <ul>
        {shown.map(({ run, tasks }) => (
          <li key={run.run_id}>
            <StateIcon state="failed" title={trans.__('failed')} />
            <LinkButton title={trans.__('Show this run')} onClick={() => onInspect(run.run_id, null, null)}>
              {runName(run, timezone)}
            </LinkButton>
            <span className="jp-Studio-blamed">
              {tasks === null && <span className="jp-Studio-muted">…</span>}
              {tasks?.map(task => (
                <LinkButton
                  key={`${task.task_id}/${task.map_index}`}
                  title={trans.__('Show what %1 produced', task.task_id)}
                  onClick={() => onInspect(run.run_id, task.task_id, task.map_index)}
                >
                  {task.map_index < 0 ? task.task_id : `${task.task_id} [${task.map_index}]`}
                </LinkButton>
              ))}
            </span>
            <TabButton
              host={host}
              title={trans.__('Open the run of %1 in a tab', runName(run, timezone))}
              to={{ dagId: run.dag_id, runId: run.run_id, taskId: tasks?.[0]?.task_id ?? null }}
            />
          </li>
        ))}
      </ul>
      {failures.length > shown.length && (
        <LinkButton title={trans.__('Show all')} onClick={() => setAll(true)}>
          {trans.__('and %1 more', counted(failures.length - shown.length, 'run'))}
        </LinkButton>
      )}
    </section>
  );
}
