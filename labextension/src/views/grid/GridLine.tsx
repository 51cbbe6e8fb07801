import type { ReactElement } from 'react';
import { memo } from 'react';

import type { RunSummary } from '../../api/schema';
import type { IGridCell, IGridLine } from '../../models/gridcells';
import { groupCell } from '../../models/gridcells';
import { trans } from '../../trans';
import { LOOKS, stateClass } from '../states';
import { MiddleCut } from '../MiddleCut';
import { runName } from '../text';
import type { IChunk } from './chunks';
import { COLUMN, HEAD, LINE } from './sizes';

export interface IGridLineProps {
  id: string;
  line: IGridLine;
  /** Its place among all lines. */
  at: number;
  chunks: readonly IChunk[];
  timezone: string;
  shownRun: string | null;
  isChosen: boolean;
  isFolded: boolean;
  cursor: number | null;
  onToggle: (line: IGridLine) => void;
}

/** A task, or a group, in all runs that are drawn. */
export const GridLine = memo(function GridLine(props: IGridLineProps): ReactElement {
  const { id, line, at, chunks, timezone, shownRun, isChosen, isFolded, cursor, onToggle } = props;
  return (
    <div
      className={`jp-Studio-gridLine${isChosen ? ' jp-mod-chosen' : ''}${line.members === null ? '' : ' jp-mod-group'}`}
      role="row"
      aria-rowindex={at + 2}
      data-line={at}
      style={{ top: HEAD + at * LINE }}
    >
      <div className="jp-Studio-gridName" role="rowheader" title={line.id} style={{ paddingLeft: 8 + line.depth * 14 }}>
        {line.members !== null && (
          <button
            type="button"
            className="jp-Studio-fold"
            tabIndex={-1}
            aria-expanded={!isFolded}
            title={isFolded ? trans.__('Unfold %1', line.id) : trans.__('Fold %1', line.id)}
            onClick={event => {
              event.stopPropagation();
              onToggle(line);
            }}
          >
            {isFolded ? '▸' : '▾'}
          </button>
        )}
        <MiddleCut text={line.label} />
      </div>
      {chunks.map(chunk => (
        <Cells
          key={chunk.from}
          id={id}
          line={line}
          at={at}
          chunk={chunk}
          timezone={timezone}
          shownRun={chunk.rows.some(row => row.run.run_id === shownRun) ? shownRun : null}
          isChosen={isChosen}
          cursor={cursor !== null && cursor >= chunk.from && cursor < chunk.from + chunk.rows.length ? cursor : null}
        />
      ))}
    </div>
  );
});

type ICellsProps = Pick<IGridLineProps, 'id' | 'line' | 'at' | 'timezone' | 'shownRun' | 'isChosen' | 'cursor'> & {
  chunk: IChunk;
};

/** A few columns of a line: those that stay in sight are not drawn again while one scrolls. */
const Cells = memo(function Cells(props: ICellsProps): ReactElement {
  const { id, line, at, chunk, timezone, shownRun, isChosen, cursor } = props;
  return (
    <>
      {chunk.rows.map((row, index) => {
        const cell = line.members === null ? (row.cells.get(line.id) ?? null) : groupCell(row, line.members);
        const column = chunk.from + index;
        return (
          <Cell
            key={row.run.run_id}
            id={cursor === column ? `${id}-${at}-${column}` : undefined}
            cell={cell}
            column={column}
            label={`${line.label}, ${nameIn(row.run, timezone)}: ${cell === null ? trans.__('not in it') : stateText(cell)}`}
            isChosen={isChosen && row.run.run_id === shownRun}
          />
        );
      })}
    </>
  );
});

const GAP = 2; // pixels at each side of a cell

const names = new WeakMap<RunSummary, string>(); // writing a date takes longer than all the rest of a cell

function nameIn(run: RunSummary, timezone: string): string {
  let name = names.get(run);
  if (name === undefined) {
    name = runName(run, timezone);
    names.set(run, name);
  }
  return name;
}

interface ICellProps {
  /** Only of the cell with the cursor. */
  id: string | undefined;
  cell: IGridCell | null;
  column: number;
  label: string;
  isChosen: boolean;
}

/** One element: there are thousands of these. Its tip is made when it is pointed at. */
function Cell({ id, cell, column, label, isChosen }: ICellProps): ReactElement {
  const marks = `${isChosen ? ' jp-mod-chosen' : ''}${id === undefined ? '' : ' jp-mod-cursor'}`;
  return (
    <div
      id={id}
      role="gridcell"
      aria-label={label}
      aria-selected={isChosen ? true : undefined}
      className={`jp-Studio-gridCell ${cell === null ? 'jp-mod-none' : stateClass(cell.state)}${marks}`}
      style={{ right: column * COLUMN + GAP }}
      data-column={column}
    >
      {cell === null ? null : LOOKS[cell.state].glyph}
    </div>
  );
}

function stateText({ state, done, total }: IGridCell): string {
  return total === 1 ? LOOKS[state].label : trans.__('%1, %2 of %3 over', LOOKS[state].label, done, total);
}
