import type { ReactElement } from 'react';
import { memo } from 'react';

import type { IGridCell, IGridLine, IGridRow } from '../../models/gridcells';
import { groupCell } from '../../models/gridcells';
import { LOOKS, stateClass } from '../states';
import { runName } from '../text';
import { COLUMN, HEAD, LINE } from './sizes';

export interface IGridLineProps {
  id: string;
  line: IGridLine;
  /** Its place among all lines. */
  at: number;
  rows: readonly IGridRow[];
  from: number;
  timezone: string;
  shownRun: string | null;
  isChosen: boolean;
  isFolded: boolean;
  cursor: number | null;
  onToggle: (line: IGridLine) => void;
}

/** A task, or a group, in all runs that are drawn. */
export const GridLine = memo(function GridLine(props: IGridLineProps): ReactElement {
  const { id, line, at, rows, from, timezone, shownRun, isChosen, isFolded, cursor, onToggle } = props;
  return (
    <div
      className={`jp-Studio-gridLine${isChosen ? ' jp-mod-chosen' : ''}${line.members === null ? '' : ' jp-mod-group'}`}
      role="row"
      aria-rowindex={at + 2}
      style={{ top: HEAD + at * LINE }}
    >
      <div className="jp-Studio-gridName" role="rowheader" title={line.id} style={{ paddingLeft: 8 + line.depth * 14 }}>
        {line.members !== null && (
          <button
            type="button"
            className="jp-Studio-fold"
            tabIndex={-1}
            aria-expanded={!isFolded}
            title={`${isFolded ? 'Unfold' : 'Fold'} ${line.id}`}
            onClick={event => {
              event.stopPropagation();
              onToggle(line);
            }}
          >
            {isFolded ? '▸' : '▾'}
          </button>
        )}
        <span>{line.label}</span>
      </div>
      {rows.map((row, index) => {
        const cell = line.members === null ? (row.cells.get(line.id) ?? null) : groupCell(row, line.members);
        const column = from + index;
        return (
          <Cell
            key={row.run.run_id}
            id={`${id}-${at}-${column}`}
            cell={cell}
            column={column}
            line={at}
            label={cell === null ? '' : `${line.label}, ${runName(row.run, timezone)}: ${stateText(cell)}`}
            isShown={row.run.run_id === shownRun}
            isChosen={isChosen && row.run.run_id === shownRun}
            isCursor={cursor === column}
          />
        );
      })}
    </div>
  );
});

interface ICellProps {
  id: string;
  cell: IGridCell | null;
  column: number;
  line: number;
  label: string;
  isShown: boolean;
  isChosen: boolean;
  isCursor: boolean;
}

function Cell({ id, cell, column, line, label, isShown, isChosen, isCursor }: ICellProps): ReactElement {
  const marks = `${isShown ? ' jp-mod-shown' : ''}${isChosen ? ' jp-mod-chosen' : ''}${isCursor ? ' jp-mod-cursor' : ''}`;
  return (
    <div
      id={id}
      role="gridcell"
      aria-label={cell === null ? 'not in this run' : label}
      aria-selected={isChosen}
      title={label === '' ? undefined : label}
      className={`jp-Studio-gridCell${marks}`}
      style={{ right: column * COLUMN }}
      data-column={column}
      data-line={line}
    >
      {cell !== null && (
        <span className={`jp-Studio-gridState ${stateClass(cell.state)}`} aria-hidden>
          {LOOKS[cell.state].glyph}
        </span>
      )}
    </div>
  );
}

function stateText({ state, done, total }: IGridCell): string {
  return total === 1 ? LOOKS[state].label : `${LOOKS[state].label}, ${done} of ${total} over`;
}
