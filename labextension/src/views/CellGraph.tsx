import type { ReactElement } from 'react';

import type { CellsModel } from '../models/cells';
import type { DagModel } from '../models/dag';
import type { FocusModel } from '../models/focus';
import type { IStudio } from '../tokens';
import { trans } from '../trans';
import { DagView } from './DagView';
import { useSignal } from './hooks';
import { ErrorNote } from './Notes';
import { Problems } from './Problems';
import { RunChips } from './Runs';
import { TabButton } from './TabLinks';
import { Words } from './Words';

export interface ICellGraphProps {
  dag: DagModel;
  focus: FocusModel;
  studio: IStudio;
  /** How many of the newest runs have a chip. */
  count: number;
  /** Of a DAG of marked cells: what is wrong with them. */
  cells: CellsModel | null;
}

/** A DAG in the output of a cell. */
export function CellGraph({ dag, focus, studio, count, cells }: ICellGraphProps): ReactElement {
  useSignal(dag.changed);
  const runs = dag.runs;
  const shown = dag.run?.summary.run_id ?? null;
  return (
    <div className="jp-Studio-cellGraph">
      <div className="jp-Studio-cellHeader">
        <b title={dag.dagId}>{dag.dagId}</b>
        <Phase dag={dag} isOfCells={cells !== null} />
        {runs.length > 0 && (
          <RunChips
            runs={runs}
            count={count}
            timezone={dag.dag?.timezone ?? 'UTC'}
            shown={shown}
            follows={dag.followsNewest}
            onShow={runId => dag.show(runId)}
          />
        )}
        <span className="jp-Studio-space" />
        {dag.phase === 'live' && (
          <TabButton
            host={studio.host}
            title={trans.__('Open in a tab of its own')}
            to={{ dagId: dag.dagId, runId: dag.followsNewest ? null : shown, taskId: focus.taskId }}
          />
        )}
      </div>
      {dag.phase === 'live' && dag.error !== null && <ErrorNote error={dag.error} onRetry={() => void dag.refresh()} />}
      {cells !== null && <Problems model={cells} />}
      <DagView dag={dag} focus={focus} studio={studio} isFlowing />
    </div>
  );
}

/** Whether the colours are current, in a word; nothing while all is well. */
function Phase({ dag, isOfCells }: { dag: DagModel; isOfCells: boolean }): ReactElement | null {
  switch (dag.phase) {
    case 'missing':
      return (
        <span className="jp-Studio-muted">
          <Words
            text={
              isOfCells
                ? trans.__('not on the server: `%%publish` hands it over')
                : trans.__('not on the server: `dag.publish()` hands it over')
            }
          />
        </span>
      );
    case 'offline':
      return (
        <span className="jp-Studio-muted" title={[dag.error?.message, dag.error?.hint].filter(Boolean).join(' ')}>
          {trans.__('not connected: shown as it was saved')}
        </span>
      );
    case 'live':
      return dag.runs.length === 0 ? <span className="jp-Studio-muted">{trans.__('published, no runs yet')}</span> : null;
    case 'loading':
      return null;
  }
}
