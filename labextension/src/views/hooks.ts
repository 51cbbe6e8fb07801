import type { ISignal } from '@lumino/signaling';
import type { IDisposable } from '@lumino/disposable';
import { useEffect, useReducer, useState } from 'react';

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
