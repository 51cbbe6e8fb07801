import type { IDisposable } from '@lumino/disposable';
import { DisposableDelegate } from '@lumino/disposable';

const TICK = 10_000; // milliseconds
const GAP = 30_000; // milliseconds between two ticks, after which the computer has slept

/**
 * Call `callback` when connections may have died without a word: the network is back, the page is looked at or
 * goes on again, the computer has slept. Pages in the background are not woken; they are once they are looked at.
 */
export function onWake(callback: () => void): IDisposable {
  const onVisible = (): void => {
    if (document.visibilityState === 'visible') {
      callback();
    }
  };
  let last = Date.now();
  const ticks = window.setInterval(() => {
    const now = Date.now();
    if (now - last > GAP) {
      onVisible();
    }
    last = now;
  }, TICK);
  window.addEventListener('online', callback);
  document.addEventListener('visibilitychange', onVisible);
  document.addEventListener('resume', onVisible);
  return new DisposableDelegate(() => {
    window.clearInterval(ticks);
    window.removeEventListener('online', callback);
    document.removeEventListener('visibilitychange', onVisible);
    document.removeEventListener('resume', onVisible);
  });
}
