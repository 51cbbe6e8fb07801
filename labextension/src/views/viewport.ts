import type { RefObject } from 'react';
import { useEffect, useMemo } from 'react';

const LARGEST = 2.5;
const SMALLEST = 0.05;
/** At first a graph is not made smaller than this: what does not fit is a drag away, and can be read. */
export const LEGIBLE = 0.4;
export const MARGIN = 16; // pixels
const CLICK = 4; // pixels: a shorter way is a click, not a drag

interface ISize {
  readonly width: number;
  readonly height: number;
}

/** Moves and scales a drawing inside its frame by a CSS transform, without drawing it again. */
export class Viewport {
  /** Until a person moves it, it fits by itself whenever the frame changes. */
  isTouched = false;

  attach(frame: HTMLElement, drawing: SVGElement, size: ISize): void {
    this._frame = frame;
    this._drawing = drawing;
    this._size = size;
    if (this.isTouched) {
      this._apply();
    } else {
      this.fit(LEGIBLE);
    }
  }

  /** Show all of it, but not smaller than `least`. */
  fit(least = SMALLEST): void {
    const { width, height } = this._frameSize();
    const across = (width - 2 * MARGIN) / this._size.width;
    const down = (height - 2 * MARGIN) / this._size.height;
    const fitting = Math.min(across, down, 1);
    this._scale = Math.max(fitting, least);
    const [w, h] = [this._size.width * this._scale, this._size.height * this._scale];
    this._x = Math.max((width - w) / 2, MARGIN);
    this._y = Math.max((height - h) / 2, MARGIN);
    this._apply();
  }

  /** Scale by `factor` around a point of the frame, by default its middle. */
  zoom(factor: number, x = this._frameSize().width / 2, y = this._frameSize().height / 2): void {
    const scale = Math.min(Math.max(this._scale * factor, SMALLEST), LARGEST);
    const ratio = scale / this._scale;
    this._x = x - (x - this._x) * ratio;
    this._y = y - (y - this._y) * ratio;
    this._scale = scale;
    this.isTouched = true;
    this._apply();
  }

  move(dx: number, dy: number): void {
    this._x += dx;
    this._y += dy;
    this.isTouched = true;
    this._apply();
  }

  /** Bring a node that got the focus into the frame. */
  reveal(node: { x: number; y: number; width: number; height: number }): void {
    const { width, height } = this._frameSize();
    const left = this._x + node.x * this._scale;
    const top = this._y + node.y * this._scale;
    const dx = shift(left, left + node.width * this._scale, width);
    const dy = shift(top, top + node.height * this._scale, height);
    if (dx !== 0 || dy !== 0) {
      this.move(dx, dy);
    }
  }

  /** What stood at `before` stands at `after` in the drawing of now: leave it where the person sees it. */
  hold(before: { x: number; y: number }, after: { x: number; y: number }): void {
    if (this.isTouched) {
      this.move((before.x - after.x) * this._scale, (before.y - after.y) * this._scale);
    }
  }

  private _frameSize(): ISize {
    return { width: this._frame?.clientWidth ?? 0, height: this._frame?.clientHeight ?? 0 };
  }

  private _apply(): void {
    if (this._drawing !== null) {
      this._drawing.style.transform = `translate(${this._x}px, ${this._y}px) scale(${this._scale})`;
    }
  }

  private _frame: HTMLElement | null = null;
  private _drawing: SVGElement | null = null;
  private _size: ISize = { width: 1, height: 1 };
  private _scale = 1;
  private _x = 0;
  private _y = 0;
}

function shift(start: number, end: number, room: number): number {
  return start < MARGIN ? MARGIN - start : end > room - MARGIN ? Math.max(room - MARGIN - end, MARGIN - start) : 0;
}

/** A viewport wired to its frame: drag, ctrl or cmd + wheel, resize. */
export function useViewport(
  frame: RefObject<HTMLElement>,
  drawing: RefObject<SVGSVGElement>,
  size: ISize | null
): Viewport {
  const viewport = useMemo(() => new Viewport(), []);
  useEffect(() => {
    const element = frame.current;
    const svg = drawing.current;
    if (element === null || svg === null || size === null) {
      return;
    }
    viewport.attach(element, svg, size);
    const observer = new ResizeObserver(() => viewport.attach(element, svg, size));
    observer.observe(element);
    const stop = listen(element, viewport);
    return () => {
      observer.disconnect();
      stop();
    };
  }, [frame, drawing, size, viewport]);
  return viewport;
}

function listen(frame: HTMLElement, viewport: Viewport): () => void {
  let start: { x: number; y: number } | null = null;
  let dragged = false;
  const down = (event: PointerEvent): void => {
    const isControl = event.target instanceof Element && event.target.closest('.jp-Studio-graphTools') !== null;
    start = event.button === 0 && !isControl ? { x: event.clientX, y: event.clientY } : null;
    dragged = false;
  };
  const move = (event: PointerEvent): void => {
    if (start === null) {
      return;
    }
    const [dx, dy] = [event.clientX - start.x, event.clientY - start.y];
    if (!dragged && Math.hypot(dx, dy) < CLICK) {
      return;
    }
    if (!dragged) {
      dragged = true;
      frame.setPointerCapture(event.pointerId); // not before: a captured click would miss its node
    }
    viewport.move(dx, dy);
    start = { x: event.clientX, y: event.clientY };
  };
  const up = (): void => {
    start = null;
  };
  const click = (event: MouseEvent): void => {
    if (dragged) {
      dragged = false;
      event.stopPropagation();
    }
  };
  const wheel = (event: WheelEvent): void => {
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      const box = frame.getBoundingClientRect();
      viewport.zoom(Math.exp(-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
    }
  };
  frame.addEventListener('pointerdown', down);
  frame.addEventListener('pointermove', move);
  frame.addEventListener('pointerup', up);
  frame.addEventListener('pointercancel', up);
  frame.addEventListener('click', click, true);
  frame.addEventListener('wheel', wheel, { passive: false });
  return () => {
    frame.removeEventListener('pointerdown', down);
    frame.removeEventListener('pointermove', move);
    frame.removeEventListener('pointerup', up);
    frame.removeEventListener('pointercancel', up);
    frame.removeEventListener('click', click, true);
    frame.removeEventListener('wheel', wheel);
  };
}
