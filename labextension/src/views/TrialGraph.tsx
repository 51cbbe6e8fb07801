import type { ReactElement } from 'react';

import type { TrialModel } from '../models/trial';
import type { IStudio } from '../tokens';
import { trans } from '../trans';
import { Graph } from './Graph';
import { Button } from './Glyph';
import { useSignal } from './hooks';
import { StateBadge } from './StateIcon';
import { Summary } from './Summary';
import { andMore, withoutAnsi } from './text';
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
            dagId={trial.dagId}
            nodes={trial.nodes}
            groups={trial.groups}
            status={status}
            chosen={trial.chosen}
            onChoose={id => trial.choose(id)}
            engine={studio.engine}
            label={trans.__('Tasks of the trial of %1', trial.dagId)}
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
    <section className="jp-Studio-card" aria-label={trans.__('Task %1', taskId)}>
      <header className="jp-Studio-cardHeader">
        <h3 title={taskId}>{taskId}</h3>
        {status !== null && <StateBadge state={status.state} />}
        {status?.startedAt != null && (
          <span className="jp-Studio-muted">
            <Elapsed start={status.startedAt} end={status.endedAt} />
          </span>
        )}
        <span className="jp-Studio-space" />
        <Button glyph="close" title={trans.__('Close')} onClick={() => trial.choose(null)} />
      </header>
      {error !== '' && (
        <div className="jp-Studio-error" role="alert">
          <pre>{error}</pre>
        </div>
      )}
      <p className="jp-Studio-muted">
        {status === null
          ? trans.__('It has not begun.')
          : trans.__('What dag.test() returned has the rest: with run = dag.test(), run["%1"] has its value, log and output.', taskId)}
      </p>
    </section>
  );
}

function wordsOf({ state, following }: TrialModel): string {
  switch (state) {
    case 'running':
      return trans.__('a trial in this kernel, running');
    case 'paused': {
      const before = andMore(following, 1);
      return before === '' ? trans.__('a trial, paused') : trans.__('a trial, paused before %1', before);
    }
    case 'stopped':
      return trans.__('a trial, stopped');
    default:
      return trans.__('a trial in this kernel: %1', state);
  }
}
