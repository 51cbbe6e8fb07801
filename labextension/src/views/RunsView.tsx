import type { ReactElement } from 'react';
import { useState } from 'react';

import type { RunState } from '../api/schema';
import { RUN_STATES } from '../api/schema';
import type { DagModel } from '../models/dag';
import type { FocusModel } from '../models/focus';
import type { IStudio } from '../tokens';
import { trans } from '../trans';
import { CellFrame, DagPhaseNote } from './CellFrame';
import { DagView } from './DagView';
import { TabButton } from './TabLinks';
import { useSignal } from './hooks';
import { Empty, ErrorNote } from './Notes';
import { RunBars } from './Runs';
import { RunTable } from './RunTable';
import { LOOKS } from './states';
import { Words } from './Words';

const BARS = 30;

export interface IRunsViewProps {
  dag: DagModel;
  focus: FocusModel;
  studio: IStudio;
}

/** The newest runs of a DAG; one of them is looked at. */
export function RunsView({ dag, focus, studio }: IRunsViewProps): ReactElement {
  useSignal(dag.changed);
  const [wanted, setWanted] = useState<RunState | 'all'>('all');
  const timezone = dag.dag?.timezone ?? 'UTC';
  const runs = wanted === 'all' ? dag.runs : dag.runs.filter(run => run.state === wanted);
  const states = RUN_STATES.filter(state => dag.runs.some(run => run.state === state));
  return (
    <CellFrame
      title={dag.dagId}
      what={trans.__('runs')}
      note={
        <>
          <DagPhaseNote dag={dag} />
          {dag.runs.length > 1 && <RunBars runs={dag.runs} timezone={timezone} count={Math.min(dag.runs.length, BARS)} />}
        </>
      }
      tools={
        <>
          {states.length > 1 && (
            <select
              aria-label={trans.__('Show runs that are')}
              value={wanted}
              onChange={event => setWanted(event.target.value as RunState | 'all')}
            >
              <option value="all">{trans.__('all states')}</option>
              {states.map(state => (
                <option key={state} value={state}>
                  {`${LOOKS[state].glyph}  ${LOOKS[state].label}`}
                </option>
              ))}
            </select>
          )}
          <TabButton host={studio.host} title={trans.__('Open in a tab of its own')} to={{ dagId: dag.dagId, runId: dag.chosen }} />
        </>
      }
    >
      {dag.error !== null && <ErrorNote error={dag.error} onRetry={() => void dag.refresh()} />}
      {dag.runs.length === 0 ? (
        <Empty title={dag.phase === 'loading' ? trans.__('Fetching the runs…') : trans.__('No runs yet.')}>
          {dag.phase === 'live' && (
            <p>
              <Words text={trans.__('Start one with `dag.trigger()`, or many with `dag.backfill(…)`.')} />
            </p>
          )}
        </Empty>
      ) : (
        <RunTable runs={runs} timezone={timezone} shown={dag.chosen} onShow={runId => dag.show(runId)} />
      )}
      {dag.chosen !== null && (
        <div className="jp-Studio-inspection">
          <DagView dag={dag} focus={focus} studio={studio} isFlowing />
        </div>
      )}
    </CellFrame>
  );
}
