import type { KeyboardEvent, MouseEvent, ReactElement } from 'react';
import { useCallback, useEffect, useId, useMemo, useRef, useState } from 'react';

import type { DagPageModel } from '../../models/dagpage';
import type { IGridLine } from '../../models/gridcells';
import { linesOf } from '../../models/gridcells';
import { GridModel } from '../../models/grid';
import type { IStudio } from '../../tokens';
import { trans } from '../../trans';
import { useModel, useSignal } from '../hooks';
import { Empty, ErrorNote } from '../Notes';
import { TaskCard } from '../TaskCard';
import { useChunks } from './chunks';
import { COLUMN, HEAD, LINE, NAMES } from './sizes';
import { GridHead } from './GridHead';
import { GridLine } from './GridLine';
import { Legend } from './Legend';
import { STEP, useWindow } from './window';

const AHEAD = 24; // columns before the end of what is known; then more is fetched

/** Runs × tasks: which task of which run is in which state. */
export function GridTab({ model, studio }: { model: DagPageModel; studio: IStudio }): ReactElement {
  const { dag, focus } = model;
  const grid = useModel(() => new GridModel({ ...studio, dagId: dag.dagId }), [studio, dag]);
  useSignal(grid?.changed);
  useSignal(dag.changed);
  useSignal(focus.changed);
  if (grid?.rows == null) {
    return grid?.error != null ? (
      <ErrorNote error={grid.error} onRetry={() => void grid.refresh()} />
    ) : (
      <Empty title={trans.__('Fetching the runs…')} />
    );
  }
  return (
    <div className={`jp-Studio-gridTab${focus.taskId === null ? '' : ' jp-mod-split'}`}>
      <div className="jp-Studio-gridPane">
        {grid.error !== null && <ErrorNote error={grid.error} onRetry={() => void grid.refresh()} />}
        {grid.rows.length === 0 ? (
          <Empty title={trans.__('No runs yet.')}>
            <p>{trans.__('Trigger one, or fill the past with a backfill: each run becomes a column here, each task a line.')}</p>
          </Empty>
        ) : (
          <>
            <Table page={model} grid={grid} />
            <Legend rows={grid.rows} hasMore={grid.hasMore} />
          </>
        )}
      </div>
      <TaskCard dag={dag} focus={focus} studio={studio} />
    </div>
  );
}

interface ICursor {
  readonly column: number;
  readonly line: number; // -1: the head
}

function Table({ page, grid }: { page: DagPageModel; grid: GridModel }): ReactElement {
  const { dag, focus } = page;
  const id = useId();
  const frame = useRef<HTMLDivElement>(null);
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const [cursor, setCursor] = useState<ICursor>({ column: 0, line: 0 });
  const rows = grid.rows ?? [];
  const lines = useLines(page, grid, folded);
  const { columns, lines: span } = useWindow(frame, { column: COLUMN, line: LINE });
  const chunks = useChunks(rows);
  const shown = rows.slice(...columns);
  const drawn = useMemo(() => chunks.slice(columns[0] / STEP, columns[1] / STEP), [chunks, columns]);
  const timezone = dag.dag?.timezone ?? 'UTC';
  const shownRun = dag.run?.summary.run_id ?? null;
  const shownColumn = rows.findIndex(row => row.run.run_id === shownRun);

  useEffect(() => {
    if (grid.hasMore && columns[1] + AHEAD > rows.length) {
      void grid.more();
    }
  }, [grid, columns, rows.length]);

  const toggle = useCallback((line: IGridLine): void => {
    setFolded(before => {
      const next = new Set(before);
      if (!next.delete(line.id)) {
        next.add(line.id);
      }
      return next;
    });
  }, []);
  const act = ({ column, line }: ICursor): void => {
    const row = rows[column];
    const chosen = lines[line];
    setCursor({ column, line });
    if (chosen?.members != null) {
      toggle(chosen);
    } else if (row !== undefined) {
      page.go({ runId: row.run.run_id, taskId: chosen === undefined ? null : chosen.id, mapIndex: null });
    }
  };
  const onClick = (event: MouseEvent): void => {
    const at = cellAt(event);
    if (at !== null) {
      act(at);
    }
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const next = moved(cursor, event.key, rows.length, lines.length);
    if (next !== null) {
      event.preventDefault();
      setCursor(next);
      show(frame.current, next);
    } else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      act(cursor);
    }
  };
  return (
    <div
      className="jp-Studio-grid"
      ref={frame}
      role="grid"
      aria-label={trans.__('Runs and tasks of %1', dag.dagId)}
      aria-rowcount={lines.length + 1}
      aria-colcount={rows.length + 1}
      aria-activedescendant={`${id}-${cursor.line}-${cursor.column}`}
      tabIndex={0}
      onClick={onClick}
      onKeyDown={onKeyDown}
      onMouseOver={tip}
    >
      <div
        className="jp-Studio-gridCanvas"
        role="presentation"
        style={{ width: NAMES + rows.length * COLUMN + 8, height: HEAD + lines.length * LINE + 4 }}
      >
        {shownColumn >= 0 && (
          <div className="jp-Studio-gridShown" style={{ right: shownColumn * COLUMN, width: COLUMN }} />
        )}
        <GridHead
          id={id}
          rows={shown}
          from={columns[0]}
          timezone={timezone}
          shownRun={shownRun}
          cursor={cursor.line === -1 ? cursor.column : null}
        />
        {lines.slice(...span).map((line, index) => (
          <GridLine
            key={line.id}
            id={id}
            line={line}
            at={span[0] + index}
            chunks={drawn}
            timezone={timezone}
            shownRun={shownRun}
            isChosen={line.members === null && line.id === focus.taskId}
            isFolded={folded.has(line.id)}
            cursor={cursor.line === span[0] + index ? cursor.column : null}
            onToggle={toggle}
          />
        ))}
      </div>
    </div>
  );
}

/** The cell that an event is about. */
function cellAt(event: MouseEvent): ICursor | null {
  const cell = (event.target as HTMLElement).closest<HTMLElement>('[data-column]');
  const line = cell?.closest<HTMLElement>('[data-line]');
  return cell === null || line == null
    ? null
    : { column: Number(cell.dataset['column']), line: Number(line.dataset['line']) };
}

/** What is read out of a cell is its tip, too. */
function tip(event: MouseEvent): void {
  const cell = event.target as HTMLElement;
  if (cell.dataset['column'] !== undefined && cell.title === '') {
    cell.title = cell.getAttribute('aria-label') ?? '';
  }
}

/** Lines for the DAG as it is, and below them those of tasks that only former versions had. */
function useLines({ dag }: DagPageModel, grid: GridModel, folded: ReadonlySet<string>): readonly IGridLine[] {
  const { spec, nodes } = dag;
  const { tasks } = grid;
  return useMemo(() => {
    const groupOf = new Map(nodes.flatMap(({ id, group }) => (group === undefined ? [] : [[id, group] as const])));
    return linesOf(tasks, groupOf, spec?.groups ?? [], folded);
  }, [spec, nodes, tasks, folded]);
}

function moved({ column, line }: ICursor, key: string, columns: number, lines: number): ICursor | null {
  const inside = (to: ICursor): ICursor => ({
    column: Math.min(Math.max(to.column, 0), columns - 1),
    line: Math.min(Math.max(to.line, -1), lines - 1)
  });
  switch (key) {
    case 'ArrowLeft':
      return inside({ column: column + 1, line }); // the newest is at the right
    case 'ArrowRight':
      return inside({ column: column - 1, line });
    case 'ArrowUp':
      return inside({ column, line: line - 1 });
    case 'ArrowDown':
      return inside({ column, line: line + 1 });
    case 'PageUp':
      return inside({ column, line: line - 12 });
    case 'PageDown':
      return inside({ column, line: line + 12 });
    case 'Home':
      return inside({ column: columns - 1, line });
    case 'End':
      return inside({ column: 0, line });
    default:
      return null;
  }
}

/** Scroll as little as brings the cell in sight; it may not be drawn yet. */
function show(frame: HTMLElement | null, { column, line }: ICursor): void {
  if (frame === null) {
    return;
  }
  const right = column * COLUMN;
  const width = frame.clientWidth - NAMES - COLUMN;
  frame.scrollLeft = -Math.min(Math.max(-frame.scrollLeft, right - width), right);
  if (line >= 0) {
    const top = line * LINE;
    const height = frame.clientHeight - HEAD - LINE;
    frame.scrollTop = Math.min(Math.max(frame.scrollTop, top - height), top);
  }
}
