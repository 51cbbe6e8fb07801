import type { ReactElement } from 'react';

/** A sentence, in which what stands between backticks is code. Only for our own words: names may hold backticks. */
export function Words({ text }: { text: string }): ReactElement {
  return (
    <>
      {text.split('`').map((part, index) => (index % 2 === 0 ? part : <code key={index}>{part}</code>))}
    </>
  );
}
