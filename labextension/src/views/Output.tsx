import type { ReactElement } from 'react';
import { memo, useMemo, useState } from 'react';

import type { CellOutput } from '../api/schema';
import type { IHost } from '../host';
import type { OutputModel } from '../models/output';
import { trans } from '../trans';
import { Glyph } from './Glyph';
import { useSignal } from './hooks';
import { Empty, ErrorNote } from './Notes';
import { Outputs } from './Outputs';
import { StateIcon } from './StateIcon';
import { bytesText, counted, durationText } from './text';

const SHORT = 0.05; // seconds; of faster cells the time is of no interest
const MUCH = 1e9; // bytes of memory that are worth a word

/** The notebook of a task as it is executed, read like a report: outputs in full, code behind a click. */
export function Output({ model, host }: { model: OutputModel; host: IHost }): ReactElement {
  useSignal(model.changed);
  const { cells, done, total, error } = model;
  if (cells === null || model.tryNumber === 0) {
    return error !== null ? (
      <ErrorNote error={error} onRetry={() => void model.refresh()} />
    ) : (
      <Empty
        title={cells === null ? trans.__('Fetching the notebook…') : trans.__('It has not started yet. Its cells appear here as they run.')}
      />
    );
  }
  const shown = cells.filter(isShown);
  const isCodeLeft = (cell: CellOutput): boolean => cell.cell_type === 'code' && isLeft(cell);
  const last = shown.reduce((end, cell, index) => (cell.cell_type === 'code' && !isLeft(cell) ? index : end), -1);
  const left = shown.slice(last + 1).filter(isCodeLeft).length;
  const begun = left === 0 ? shown : shown.slice(0, last + 1);
  return (
    <div className="jp-Studio-output">
      <Progress cells={cells} done={done} total={total} />
      {begun.map(cell => (
        <Cell key={cell.index} cell={cell} host={host} />
      ))}
      {left > 0 && last >= 0 && done + left >= total && (
        <p className="jp-Studio-muted">{trans.__('%1 not run so far.', counted(left, 'cell'))}</p>
      )}
    </div>
  );
}

function isShown(cell: CellOutput): boolean {
  const isEmpty = cell.source.trim() === '' && cell.outputs.length === 0;
  return cell.cell_type !== 'raw' && !isEmpty && (!cell.hidden || cell.state === 'failed');
}

function isLeft(cell: CellOutput): boolean {
  return cell.state === 'waiting' || cell.state === 'skipped';
}

/** "cell 7 of 12" with a bar, while cells are left or one failed. */
function Progress({
  cells,
  done,
  total
}: {
  cells: readonly CellOutput[];
  done: number;
  total: number;
}): ReactElement | null {
  if (total === 0 || done >= total) {
    return null;
  }
  const failed = cells.some(cell => cell.state === 'failed');
  const running = cells.some(cell => cell.state === 'running');
  const position = running || failed ? Math.min(done + 1, total) : done;
  return (
    <div className="jp-Studio-progress">
      <progress className={failed ? 'jp-mod-failed' : ''} max={total} value={done} aria-label={trans.__('Cells finished')} />
      <span>{position === 0 ? trans.__('the kernel starts') : trans.__('cell %1 of %2', position, total)}</span>
    </div>
  );
}

const Cell = memo(function Cell({ cell, host }: { cell: CellOutput; host: IHost }): ReactElement {
  const markdown = useMemo(
    () => [{ output_type: 'display_data', data: { 'text/markdown': cell.source }, metadata: {} }],
    [cell.source]
  );
  if (cell.cell_type === 'markdown') {
    return <Outputs host={host} outputs={markdown} />;
  }
  return (
    <section className={`jp-Studio-cell jp-mod-${cell.state}`} aria-label={trans.__('cell %1, %2', cell.index + 1, cell.state)}>
      <Source cell={cell} />
      {cell.outputs.length > 0 && <Outputs host={host} outputs={cell.outputs} />}
    </section>
  );
});

/** What it cost, for who points at it. */
function usageText(cell: CellOutput): string | undefined {
  const parts = [
    cell.cpu === null ? null : trans.__('%1 of CPU time', durationText(cell.cpu)),
    cell.peak_memory === null ? null : trans.__('%1 of memory at most', bytesText(cell.peak_memory))
  ].filter(part => part !== null);
  return parts.length > 0 ? parts.join(', ') : undefined;
}

/** The first line of the code; a click shows all of it. */
function Source({ cell }: { cell: CellOutput }): ReactElement {
  const [isOpen, setOpen] = useState(false);
  const lines = cell.source.trim().split('\n');
  const first = lines.find(line => line.trim() !== '' && !line.trim().startsWith('#')) ?? lines[0] ?? '';
  return (
    <>
      <button type="button" className="jp-Studio-source" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <Glyph name={isOpen ? 'down' : 'right'} />
        {(cell.state === 'running' || cell.state === 'failed') && <StateIcon state={cell.state} title={cell.state} />}
        <code>{isOpen ? counted(lines.length, 'line') : first}</code>
        {cell.duration !== null && cell.duration >= SHORT && (
          <span className="jp-Studio-sourceTime" title={usageText(cell)}>
            {durationText(cell.duration)}
            {cell.peak_memory !== null && cell.peak_memory >= MUCH && `, ${bytesText(cell.peak_memory)}`}
          </span>
        )}
      </button>
      {isOpen && <pre className="jp-Studio-code">{cell.source}</pre>}
    </>
  );
}
