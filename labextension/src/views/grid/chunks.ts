import { useRef } from 'react';

import type { IGridRow } from '../../models/gridcells';
import { STEP } from './window';

/** Columns that are drawn together. */
export interface IChunk {
  /** The first column. */
  readonly from: number;
  readonly rows: readonly IGridRow[];
}

/** `rows` in chunks. A chunk in which nothing changed stays the same object. */
export function useChunks(rows: readonly IGridRow[]): readonly IChunk[] {
  const before = useRef<{ rows: readonly IGridRow[]; chunks: readonly IChunk[] }>({ rows: [], chunks: [] });
  if (before.current.rows !== rows) {
    before.current = { rows, chunks: chunked(rows, before.current.chunks) };
  }
  return before.current.chunks;
}

export function chunked(rows: readonly IGridRow[], before: readonly IChunk[]): IChunk[] {
  return Array.from({ length: Math.ceil(rows.length / STEP) }, (_, index) => {
    const from = index * STEP;
    const part = rows.slice(from, from + STEP);
    const known = before[index];
    const isSame = known?.rows.length === part.length && known.rows.every((row, at) => row === part[at]);
    return isSame ? known : { from, rows: part };
  });
}
