import type { ReactElement } from 'react';

import type { TrialModel } from '../models/trial';
import type { IStudio } from '../tokens';
import { Graph } from './Graph';
import { Button } from './Glyph';
import { useSignal } from './hooks';
import { StateBadge } from './StateIcon';
import { Summary } from './Summary';
import { withoutAnsi } from './text';
import { Elapsed } from './Times';

/** A run in the kernel, by `dag.test`, in the output of its cell. */
export function TrialGraph({ trial, studio }: { trial: TrialModel; studio: IStudio }): ReactElement {
  useSignal(trial.changed);
  const status = (id: string): ReturnType<TrialModel['status']> => trial.status(id);
  return (
    <div className="jp-Studio-cellGraph">
      <div className="jp-Studio-cellHeader">
        <b title={trial.dagId}>{trial.dagId}</b>
        <span className="jp-Studio-muted" role="status">
          {wordsOf(trial)}
        </span>
      </div>
      <div className={`jp-Studio-dagView jp-mod-flowing${trial.chosen === null ? '' : ' jp-mod-split'}`}>
        <div className="jp-Studio-graphPane">
          <Graph
            nodes={trial.nodes}
            status={status}
            chosen={trial.chosen}
            onChoose={id => trial.choose(id)}
            engine={studio.engine}
            label={`Tasks of the trial of ${trial.dagId}`}
            isFlowing
          />
          <Summary nodes={trial.nodes} status={status} />
        </div>
        {trial.chosen !== null && <TriedTask trial={trial} taskId={trial.chosen} />}
      </div>
    </div>
  );
}

/** What became of one task; its value, log and outputs are in the kernel. */
function TriedTask({ trial, taskId }: { trial: TrialModel; taskId: string }): ReactElement {
  const status = trial.status(taskId);
  const error = withoutAnsi(trial.error(taskId));
  return (
    <section className="jp-Studio-card" aria-label={`Task ${taskId}`}>
      <header className="jp-Studio-cardHeader">
        <h3 title={taskId}>{taskId}</h3>
        {status !== null && <StateBadge state={status.state} />}
        {status?.startedAt != null && (
          <span className="jp-Studio-muted">
            <Elapsed start={status.startedAt} end={status.endedAt} />
          </span>
        )}
        <span className="jp-Studio-space" />
        <Button glyph="close" title="Close" onClick={() => trial.choose(null)} />
      </header>
      {error !== '' && (
        <div className="jp-Studio-error" role="alert">
          <pre>{error}</pre>
        </div>
      )}
      <p className="jp-Studio-muted">
        {status === null
          ? 'It has not begun.'
          : `What dag.test() returned has the rest: with run = dag.test(), run["${taskId}"] has its value, log and output.`}
      </p>
    </section>
  );
}

function wordsOf({ state, following }: TrialModel): string {
  switch (state) {
    case 'running':
      return 'a trial in this kernel, running';
    case 'paused': {
      const more = following.length > 1 ? ` and ${following.length - 1} more` : '';
      return following.length === 0 ? 'a trial, paused' : `a trial, paused before ${following[0]}${more}`;
    }
    case 'stopped':
      return 'a trial, stopped';
    default:
      return `a trial in this kernel: ${state}`;
  }
}
