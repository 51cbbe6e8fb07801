import type { ReactElement } from 'react';

const SHORT = 24; // characters; names up to here have room everywhere
const TAIL = 10;

/** A name that gives way in its middle as the room asks for, because its ends tell it apart. What holds it says it whole. */
export function MiddleCut({ text }: { text: string }): ReactElement {
  if (text.length <= SHORT) {
    return <span className="jp-Studio-middle">{text}</span>;
  }
  return (
    <span className="jp-Studio-middle">
      <span>{text.slice(0, -TAIL)}</span>
      <span>{text.slice(-TAIL)}</span>
    </span>
  );
}
