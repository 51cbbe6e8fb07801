import type { RefObject } from 'react';
import { startTransition, useEffect, useState } from 'react';

/** Which columns and lines of a large table are worth drawing: `[from, to)`. */
export interface IWindow {
  readonly columns: readonly [number, number];
  readonly lines: readonly [number, number];
}

export interface ISizes {
  /** Pixels. */
  readonly column: number;
  readonly line: number;
}

/** Columns or lines; drawing follows scrolling in such steps. */
export const STEP = 4;

/**
 * What of the content of `frame` is in sight, and a little around it. Columns are counted from the right end, where
 * a frame with `direction: rtl` is scrolled to at first.
 */
export function useWindow(frame: RefObject<HTMLElement>, { column, line }: ISizes): IWindow {
  const [shown, setShown] = useState<IWindow>({ columns: [0, 64], lines: [0, 48] });
  useEffect(() => {
    const element = frame.current;
    if (element === null) {
      return;
    }
    const measure = (): void => {
      const columns = around(-element.scrollLeft / column, element.clientWidth / column);
      const lines = around(element.scrollTop / line, element.clientHeight / line);
      // Drawn in small pieces between the frames, so that scrolling itself never waits.
      startTransition(() =>
        setShown(before => (same(before.columns, columns) && same(before.lines, lines) ? before : { columns, lines }))
      );
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    element.addEventListener('scroll', measure, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', measure);
    };
  }, [frame, column, line]);
  return shown;
}

function around(first: number, count: number): [number, number] {
  const from = Math.max(0, Math.floor(first / STEP) * STEP - STEP);
  return [from, Math.ceil((first + count) / STEP) * STEP + STEP];
}

function same(a: readonly [number, number], b: readonly [number, number]): boolean {
  return a[0] === b[0] && a[1] === b[1];
}
