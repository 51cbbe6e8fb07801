import type { ReactElement } from 'react';

import type { AttemptInfo, CellOutput } from '../../api/schema';
import { recordOf } from '../../models/checked';
import type { TaskModel } from '../../models/task';
import { trans } from '../../trans';
import { useSignal } from '../hooks';
import { Empty } from '../Notes';
import { bytesText, durationText } from '../text';

const TITLE = 60; // characters of a cell's first line

/** What a try cost: time, CPU and memory, cell by cell; and what it ran in. */
export function ResourcesPanel({ task, attempt }: { task: TaskModel; attempt: AttemptInfo | null }): ReactElement {
  useSignal(task.output.changed);
  if (attempt === null) {
    return <Empty title={trans.__('It has not started yet.')} />;
  }
  const used = recordOf(attempt.details['resources']);
  const environment = recordOf(attempt.details['environment']);
  const source = recordOf(attempt.details['source']);
  const cells = (task.output.cells ?? []).filter(cell => cell.cell_type === 'code' && cell.duration !== null);
  const facts: (readonly [string, string])[] = [
    [trans.__('time'), secondsOf(attempt)],
    ['CPU', typeof used['cpu'] === 'number' ? durationText(used['cpu']) : ''],
    [trans.__('memory at most'), typeof used['peak_memory'] === 'number' ? bytesText(used['peak_memory']) : ''],
    [trans.__('worker'), attempt.worker ?? ''],
    ...Object.entries(source).map(([name, value]) => [trans.__('source: %1', name), wordOf(value)] as const),
    ...Object.entries(environment).map(([name, value]) => [name, wordOf(value)] as const)
  ];
  return (
    <div className="jp-Studio-panelBody">
      {cells.length > 0 && <Cells cells={cells} />}
      <section aria-label={trans.__('In all')}>
        <h4>{trans.__('Try %1 in all', attempt.try_number)}</h4>
        <dl className="jp-Studio-factList">
          {facts
            .filter(([, value]) => value !== '')
            .map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
        </dl>
        {Object.keys(used).length === 0 && cells.length === 0 && (
          <p className="jp-Studio-muted">{trans.__('CPU and memory of this kind of task are not measured.')}</p>
        )}
      </section>
    </div>
  );
}

function Cells({ cells }: { cells: readonly CellOutput[] }): ReactElement {
  const longest = Math.max(...cells.map(cell => cell.duration ?? 0), 0.001);
  const largest = Math.max(...cells.map(cell => cell.peak_memory ?? 0), 1);
  return (
    <section aria-label={trans.__('Cells')}>
      <h4>{trans.__('Cells')}</h4>
      <div className="jp-Studio-tableFrame">
        <table className="jp-Studio-runTable">
          <thead>
            <tr>
              <th scope="col">{trans.__('Cell')}</th>
              <th scope="col">{trans.__('Time')}</th>
              <th scope="col">{trans.__('CPU')}</th>
              <th scope="col">{trans.__('Memory at most')}</th>
            </tr>
          </thead>
          <tbody>
            {cells.map(cell => (
              <tr key={cell.index}>
                <th scope="row" title={cell.source}>
                  <span className="jp-Studio-muted">{`${cell.index + 1} `}</span>
                  <code>{firstLine(cell.source)}</code>
                </th>
                <td>
                  <Meter share={(cell.duration ?? 0) / longest} words={durationText(cell.duration ?? 0)} />
                </td>
                <td className="jp-mod-number">{cell.cpu === null ? '' : durationText(cell.cpu)}</td>
                <td>
                  {cell.peak_memory !== null && (
                    <Meter share={cell.peak_memory / largest} words={bytesText(cell.peak_memory)} />
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Meter({ share, words }: { share: number; words: string }): ReactElement {
  return (
    <span className="jp-Studio-took">
      <span className="jp-Studio-tookBar jp-Studio-is-running" style={{ width: Math.max(share * 64, 1) }} aria-hidden />
      {words}
    </span>
  );
}

function secondsOf(attempt: AttemptInfo): string {
  if (attempt.started_at === null || attempt.ended_at === null) {
    return '';
  }
  return durationText((Date.parse(attempt.ended_at) - Date.parse(attempt.started_at)) / 1000);
}

function firstLine(source: string): string {
  const line = source.split('\n').find(text => text.trim() !== '') ?? '';
  return line.length > TITLE ? `${line.slice(0, TITLE)}…` : line;
}

function wordOf(value: unknown): string {
  return value === null || value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);
}
