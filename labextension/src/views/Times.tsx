import type { ReactElement } from 'react';

import { useNow } from './hooks';
import { durationText, momentText, relativeText } from './text';

/** From `start` to `end`, or to now, ticking, while there is no end. Usable inside SVG text. */
export function Elapsed({ start, end }: { start: string; end: string | null }): ReactElement {
  const now = useNow(end === null ? 1000 : null);
  const until = end === null ? now.getTime() : Date.parse(end);
  const seconds = (until - Date.parse(start)) / 1000;
  return <>{durationText(end === null ? Math.floor(seconds) : seconds)}</>;
}

/** "in 5 min", kept current; the tip has the exact time. */
export function Relative({ time }: { time: string }): ReactElement {
  const now = useNow(20_000);
  return (
    <time dateTime={time} title={new Date(time).toLocaleString()}>
      {relativeText(time, now)}
    </time>
  );
}

/** A moment on the wall clock of this browser. */
export function Moment({ time }: { time: string }): ReactElement {
  return (
    <time dateTime={time} title={new Date(time).toLocaleString()}>
      {momentText(time, new Date())}
    </time>
  );
}
