import type { ReactElement } from 'react';
import { useState } from 'react';

import type { DagModel } from '../models/dag';
import type { DagPageModel } from '../models/dagpage';
import { isRunOver } from '../models/order';
import type { IStudio } from '../tokens';
import { trans } from '../trans';
import { DagTabs } from './dagtabs/DagTabs';
import { Button } from './Glyph';
import { useSignal } from './hooks';
import { Empty, ErrorNote } from './Notes';
import { RunPicker } from './Runs';
import { StateBadge } from './StateIcon';
import { Relative } from './Times';
import { TriggerForm } from './TriggerForm';
import { Words } from './Words';

export interface IDagPageProps {
  model: DagPageModel;
  studio: IStudio;
}

/** A DAG in a panel of its own. */
export function DagPage({ model, studio }: IDagPageProps): ReactElement {
  const { dag } = model;
  useSignal(dag.changed);
  const [isTriggering, setTriggering] = useState(false);
  if (dag.phase === 'missing') {
    return (
      <Empty title={trans.__('The server knows no DAG “%1” at present.', dag.dagId)}>
        <p>
          <Words text={trans.__('Publish it from its notebook with `dag.publish()`; it then appears here by itself.')} />
        </p>
      </Empty>
    );
  }
  const trigger = (): void => {
    if (Object.keys({ ...dag.spec?.params, ...dag.spec?.param_schemas }).length > 0) {
      setTriggering(!isTriggering);
    } else {
      void dag.trigger();
      dag.show(null);
    }
  };
  return (
    <div className="jp-Studio-page">
      <Header
        dag={dag}
        isTriggering={isTriggering}
        onTrigger={trigger}
        onTriggerWith={() => setTriggering(!isTriggering)}
      />
      {dag.dag?.error != null && (
        <div className="jp-Studio-error" role="alert">
          <pre>{dag.dag.error}</pre>
        </div>
      )}
      {dag.error !== null && <ErrorNote error={dag.error} onRetry={() => void dag.refresh()} />}
      {isTriggering && (
        <TriggerForm
          dag={dag}
          onStarted={run => {
            dag.show(run.run_id);
            setTriggering(false);
          }}
          onLeave={() => setTriggering(false)}
        />
      )}
      {dag.phase === 'loading' && <Empty title={trans.__('Fetching the DAG…')} />}
      {dag.dag !== null && <DagTabs model={model} studio={studio} />}
    </div>
  );
}

interface IHeaderProps {
  dag: DagModel;
  isTriggering: boolean;
  onTrigger: () => void;
  onTriggerWith: () => void;
}

function Header({ dag, isTriggering, onTrigger, onTriggerWith }: IHeaderProps): ReactElement {
  const summary = dag.dag;
  const run = dag.run?.summary ?? null;
  const isActive = run !== null && !isRunOver(run.state);
  return (
    <header className="jp-Studio-pageHeader">
      <div className="jp-Studio-pageTitle">
        <h2 title={summary?.description || dag.dagId}>{dag.dagId}</h2>
        {summary !== null && (
          <span className="jp-Studio-muted">
            {summary.schedule ?? trans.__('no schedule')}
            {summary.paused && trans.__(' · paused')}
            {!summary.paused && summary.next_run !== null && (
              <>
                {trans.__(' · next run ')}
                <Relative time={summary.next_run} />
              </>
            )}
          </span>
        )}
      </div>
      <div className="jp-Studio-pageTools">
        <RunPicker
          runs={dag.runs}
          timezone={summary?.timezone ?? 'UTC'}
          shown={run?.run_id ?? null}
          follows={dag.followsNewest}
          onShow={runId => dag.show(runId)}
        />
        {run !== null && <StateBadge state={run.cancelling ? 'stopping' : run.state} />}
        {run !== null && isActive && (
          <Button
            glyph="stop"
            title={trans.__('Cancel this run')}
            disabled={run.cancelling}
            onClick={() => void dag.cancel(run.run_id)}
          >
            {trans.__('Cancel')}
          </Button>
        )}
        <span className="jp-Studio-space" />
        {summary !== null && (
          <Button
            glyph={summary.paused ? 'play' : 'pause'}
            title={summary.paused ? trans.__('Schedule runs again') : trans.__('Schedule no more runs until it is unpaused')}
            onClick={() => void dag.setPaused(!summary.paused)}
          >
            {summary.paused ? trans.__('Unpause') : trans.__('Pause')}
          </Button>
        )}
        <Button title={trans.__('Trigger a run for a date or with parameters…')} pressed={isTriggering} onClick={onTriggerWith}>
          {trans.__('Trigger with…')}
        </Button>
        <Button primary glyph="play" title={trans.__('Start a run now')} disabled={dag.phase !== 'live'} onClick={onTrigger}>
          {trans.__('Trigger')}
        </Button>
      </div>
    </header>
  );
}
