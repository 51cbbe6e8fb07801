import type { ReactElement } from 'react';
import { useState } from 'react';

import type { DagSummary } from '../../api/schema';
import { DagListModel } from '../../models/daglist';
import type { IStudio } from '../../tokens';
import { trans } from '../../trans';
import { BrokenFile } from '../DagList';
import { Button } from '../Glyph';
import { useModel, useSignal } from '../hooks';
import { Empty, ErrorNote } from '../Notes';
import { RunBars } from '../Runs';
import { StateIcon } from '../StateIcon';
import { TabLink } from '../TabLinks';
import { TagChips } from '../TagChips';
import { counted } from '../text';
import { Relative } from '../Times';
import { Words } from '../Words';

const BARS = 14;

/** All DAGs, on a wide page. */
export function DagTable({ studio }: { studio: IStudio }): ReactElement {
  const list = useModel(() => new DagListModel(studio), [studio]);
  useSignal(list?.changed);
  const [text, setText] = useState('');
  const [tag, setTag] = useState<string | null>(null);
  const dags = list?.dags ?? null;
  if (list === null || dags === null) {
    return list?.error != null ? (
      <ErrorNote error={list.error} onRetry={() => void list.refresh()} />
    ) : (
      <Empty title={trans.__('Fetching the DAGs…')} />
    );
  }
  const wanted = text.trim().toLowerCase();
  const shown = dags.filter(
    dag =>
      (tag === null || dag.tags.includes(tag)) &&
      [dag.dag_id, dag.description, ...dag.tags].some(part => part.toLowerCase().includes(wanted))
  );
  return (
    <div className="jp-Studio-main">
      <h2>{trans.__('DAGs')}</h2>
      {list.error !== null && <ErrorNote error={list.error} onRetry={() => void list.refresh()} />}
      {list.brokenFiles.map(file => (
        <BrokenFile key={file.path} file={file} />
      ))}
      {dags.length === 0 ? (
        <Empty title={trans.__('No DAGs yet.')}>
          <p>
            <Words text={trans.__('Publish one with `dag.publish()`, or put a file that defines one into the DAG folder.')} />
          </p>
        </Empty>
      ) : (
        <>
          <div className="jp-Studio-runFilters" role="search" aria-label={trans.__('Filter DAGs')}>
            <input
              className="jp-Studio-filter"
              type="search"
              placeholder={trans.__('Name, tag or text')}
              aria-label={trans.__('Filter DAGs by name, tag or description')}
              value={text}
              onChange={event => setText(event.target.value)}
            />
            <TagChips dags={dags} chosen={tag} onChoose={setTag} />
            <span className="jp-Studio-muted">{counted(shown.length, 'DAG')}</span>
          </div>
          <div className="jp-Studio-tableFrame">
            <table className="jp-Studio-runTable jp-mod-wide">
              <thead>
                <tr>
                  <th scope="col">{trans.__('DAG')}</th>
                  <th scope="col">{trans.__('Schedule')}</th>
                  <th scope="col">{trans.__('Next run')}</th>
                  <th scope="col">{trans.__('Tasks')}</th>
                  <th scope="col">{trans.__('Tags')}</th>
                  <th scope="col">{trans.__('Last runs')}</th>
                  <th scope="col">{trans.__('Paused')}</th>
                </tr>
              </thead>
              <tbody>
                {shown.map(dag => (
                  <Row key={dag.dag_id} dag={dag} list={list} studio={studio} />
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </div>
  );
}

function Row({ dag, list, studio }: { dag: DagSummary; list: DagListModel; studio: IStudio }): ReactElement {
  const running = dag.runs.filter(run => run.state === 'running').length;
  return (
    <tr className={dag.paused ? 'jp-mod-paused' : ''}>
      <th scope="row" title={dag.description || dag.dag_id}>
        <StateIcon state={running > 0 ? 'running' : (dag.runs[0]?.state ?? 'none')} />{' '}
        <TabLink host={studio.host} title={dag.description || trans.__('Open %1', dag.dag_id)} to={{ dagId: dag.dag_id }}>
          {dag.dag_id}
        </TabLink>
        {running > 0 && <span className="jp-Studio-muted">{trans.__(' %1 running', running)}</span>}
        {dag.error !== null && <pre className="jp-Studio-rowError">{dag.error}</pre>}
      </th>
      <td>{dag.schedule ?? <span className="jp-Studio-muted">{trans.__('none')}</span>}</td>
      <td>{!dag.paused && dag.next_run !== null && <Relative time={dag.next_run} />}</td>
      <td className="jp-mod-number">{dag.task_count}</td>
      <td className="jp-Studio-muted">{dag.tags.join(', ')}</td>
      <td>
        <RunBars runs={dag.runs} timezone={dag.timezone} count={BARS} />
      </td>
      <td>
        <Button
          glyph={dag.paused ? 'play' : 'pause'}
          title={dag.paused ? trans.__('Unpause %1', dag.dag_id) : trans.__('Pause %1', dag.dag_id)}
          pressed={dag.paused}
          onClick={() => void list.setPaused(dag.dag_id, !dag.paused)}
        />
      </td>
    </tr>
  );
}
