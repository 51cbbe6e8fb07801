import type { ISignal } from '@lumino/signaling';
import type { IDisposable } from '@lumino/disposable';
import type { KeyboardEvent, RefObject } from 'react';
import { useEffect, useReducer, useState } from 'react';

import { onWake } from '../api/wake';
import type { IStudioStream } from '../api/stream';
import type { StudioError } from '../api/errors';
import { asStudioError } from '../api/errors';

/** Draw again when `signal` is emitted. */
export function useSignal<S, A>(signal: ISignal<S, A> | null | undefined): void {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    if (signal == null) {
      return;
    }
    const slot = (): void => redraw();
    signal.connect(slot);
    redraw(); // it may have been emitted between drawing and this
    return () => void signal.disconnect(slot);
  }, [signal]);
}

/** The time, renewed every `interval` milliseconds; with null it stands still. */
export function useNow(interval: number | null): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    if (interval === null) {
      return;
    }
    setNow(new Date());
    const timer = window.setInterval(() => setNow(new Date()), interval);
    return () => window.clearInterval(timer);
  }, [interval]);
  return now;
}

/** A model that lives as long as the view that uses it, or until `inputs` are others; null while it is made. */
export function useModel<M extends IDisposable>(make: () => M, inputs: readonly unknown[]): M | null {
  const [model, setModel] = useState<M | null>(null);
  useEffect(() => {
    const made = make();
    setModel(made);
    return () => {
      setModel(null);
      made.dispose();
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `make` is another function at each drawing; `inputs` tell
  }, inputs);
  return model;
}

/** What was asked for once: neither `value` nor `error` while it is on its way. */
export interface IFetched<T> {
  readonly value: T | null;
  readonly error: StudioError | null;
  /** Ask again; what is there stays meanwhile. */
  readonly again: () => void;
}

/** Ask for something, and again when `inputs` are others. */
export function useFetched<T>(fetch: () => Promise<T>, inputs: readonly unknown[]): IFetched<T> {
  const [count, again] = useReducer((before: number) => before + 1, 0);
  const [found, setFound] = useState<Omit<IFetched<T>, 'again'>>({ value: null, error: null });
  useEffect(() => {
    let isWanted = true;
    fetch().then(
      value => isWanted && setFound({ value, error: null }),
      (reason: unknown) => isWanted && setFound(before => ({ value: before.value, error: asStudioError(reason) }))
    );
    return () => void (isWanted = false);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `fetch` is another function at each drawing; `inputs` tell
  }, [...inputs, count]);
  return { ...found, again };
}

/** Ask again when the connection was lost and is back, and when the page is looked at again: others may have changed it. */
export function useRenewed(stream: IStudioStream, again: () => void): void {
  useEffect(() => {
    let isFirst = true;
    const subscription = stream.subscribe({}, () => {
      if (!isFirst) {
        again();
      }
      isFirst = false;
    });
    const waking = onWake(again);
    return () => {
      subscription.dispose();
      waking.dispose();
    };
  }, [stream, again]);
}

/**
 * For the keyboard: a form that was opened takes the focus, Escape leaves it, and the focus goes back to where it was.
 * A form that is always there (without `onLeave`) does none of this.
 */
export function useFormKeys(form: RefObject<HTMLElement>, onLeave?: () => void): (event: KeyboardEvent) => void {
  const isOpened = onLeave !== undefined;
  useEffect(() => {
    if (!isOpened) {
      return;
    }
    const before = document.activeElement;
    form.current?.querySelector<HTMLElement>('input:enabled, select:enabled, textarea:enabled, button:enabled')?.focus();
    return () => {
      // It was in what is no longer there. Elsewhere it stays.
      if (document.activeElement === document.body && before instanceof HTMLElement) {
        before.focus();
      }
    };
  }, [form, isOpened]);
  return event => {
    if (event.key === 'Escape' && !event.defaultPrevented && onLeave !== undefined) {
      event.preventDefault();
      event.stopPropagation();
      onLeave();
    }
  };
}
