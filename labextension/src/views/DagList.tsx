import type { ReactElement } from 'react';
import { useState } from 'react';

import type { DagFileStatus, DagSummary } from '../api/schema';
import type { DagListModel } from '../models/daglist';
import { trans } from '../trans';
import { Button, Glyph } from './Glyph';
import { useSignal } from './hooks';
import { Empty, ErrorNote } from './Notes';
import { TagChips } from './TagChips';
import { RunBars } from './Runs';
import { StateIcon } from './StateIcon';
import { counted } from './text';
import { Relative } from './Times';

const BARS = 14;

export interface IDagListProps {
  model: DagListModel;
  onOpen: (dagId: string) => void;
  /** Open the example notebook; null where there is none. */
  onExample: (() => void) | null;
}

/** All DAGs with their last runs. */
export function DagList({ model, onOpen, onExample }: IDagListProps): ReactElement {
  useSignal(model.changed);
  const [filter, setFilter] = useState('');
  const [tag, setTag] = useState<string | null>(null);
  const { dags, brokenFiles, error } = model;
  if (dags === null) {
    return error !== null ? (
      <ErrorNote error={error} onRetry={() => void model.refresh()} />
    ) : (
      <Empty title={trans.__('Looking for DAGs…')} />
    );
  }
  const wanted = filter.trim().toLowerCase();
  const shown = dags.filter(
    dag =>
      (tag === null || dag.tags.includes(tag)) &&
      [dag.dag_id, ...dag.tags].some(text => text.toLowerCase().includes(wanted))
  );
  return (
    <div className="jp-Studio-list">
      {error !== null && <ErrorNote error={error} onRetry={() => void model.refresh()} />}
      {dags.length > 0 && (
        <input
          className="jp-Studio-filter"
          type="search"
          placeholder={trans.__('Filter by name or tag')}
          aria-label={trans.__('Filter DAGs by name or tag')}
          value={filter}
          onChange={event => setFilter(event.target.value)}
        />
      )}
      <TagChips dags={dags} chosen={tag} onChoose={setTag} />
      {brokenFiles.map(file => (
        <BrokenFile key={file.path} file={file} />
      ))}
      {dags.length === 0 && <NoDags onExample={onExample} />}
      {dags.length > 0 && shown.length === 0 && <Empty title={wanted === '' ? trans.__('No DAG has this tag any more.') : trans.__('No DAG matches “%1”.', filter.trim())} />}
      <ul>
        {shown.map(dag => (
          <Row
            key={dag.dag_id}
            dag={dag}
            onOpen={onOpen}
            onPause={paused => void model.setPaused(dag.dag_id, paused)}
          />
        ))}
      </ul>
    </div>
  );
}

function Row(props: {
  dag: DagSummary;
  onOpen: (id: string) => void;
  onPause: (paused: boolean) => void;
}): ReactElement {
  const { dag, onOpen, onPause } = props;
  const running = dag.runs.filter(run => run.state === 'running').length;
  const newest = dag.runs[0];
  return (
    <li className={`jp-Studio-row${dag.paused ? ' jp-mod-paused' : ''}`} data-dag={dag.dag_id}>
      <button
        type="button"
        className="jp-Studio-rowMain"
        title={dag.description || dag.dag_id}
        onClick={() => onOpen(dag.dag_id)}
      >
        <span className="jp-Studio-rowName">
          <StateIcon state={running > 0 ? 'running' : (newest?.state ?? 'none')} />
          <span>{dag.dag_id}</span>
          {running > 0 && (
            <span
              className="jp-Studio-running"
              title={trans.__('%1 running', counted(running, 'run'))}
            >{trans.__('%1 running', running)}</span>
          )}
        </span>
        <span className="jp-Studio-rowNote">
          {dag.schedule ?? trans.__('no schedule')}
          {dag.paused ? trans.__(' · paused') : ''}
          {!dag.paused && dag.next_run !== null && (
            <>
              {' · '}
              <Relative time={dag.next_run} />
            </>
          )}
        </span>
        <RunBars runs={dag.runs} timezone={dag.timezone} count={BARS} />
      </button>
      <span className="jp-Studio-rowTools">
        <Button
          glyph={dag.paused ? 'play' : 'pause'}
          title={
            dag.paused ? trans.__('Unpause %1: schedule runs again', dag.dag_id) : trans.__('Pause %1: schedule no more runs', dag.dag_id)
          }
          pressed={dag.paused}
          onClick={() => onPause(!dag.paused)}
        />
      </span>
      {dag.error !== null && <pre className="jp-Studio-rowError">{dag.error}</pre>}
    </li>
  );
}

export function BrokenFile({ file }: { file: DagFileStatus }): ReactElement {
  const place = file.error_line === null ? file.path : trans.__('%1, line %2', file.path, file.error_line);
  return (
    <div className="jp-Studio-error" role="alert">
      <Glyph name="warning" />
      <details>
        <summary>{place}</summary>
        <pre>{file.error}</pre>
        {file.dag_ids.length > 0 && (
          <p className="jp-Studio-muted">{trans.__('The last good version of %1 stays.', file.dag_ids.join(', '))}</p>
        )}
      </details>
    </div>
  );
}

function NoDags({ onExample }: { onExample: (() => void) | null }): ReactElement {
  return (
    <Empty title={trans.__('No pipelines yet.')}>
      <p>{trans.__('Define a DAG in a notebook cell and publish it:')}</p>
      <pre className="jp-Studio-code">
        {
          trans.__('from studio import DAG, notebook\n\nwith DAG("mine", schedule="@daily") as dag:\n    notebook("report.ipynb")\n\ndag.publish()')
        }
      </pre>
      {onExample !== null && (
        <Button primary glyph="open" title={trans.__('Open the example notebook')} onClick={onExample}>
          {trans.__('Open the example')}
        </Button>
      )}
    </Empty>
  );
}
