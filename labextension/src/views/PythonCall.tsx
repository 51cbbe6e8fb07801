import type { ReactElement } from 'react';
import { useEffect, useState } from 'react';

import { trans } from '../trans';

import { Button } from './Glyph';

const SAID = 2000; // milliseconds

/** The call of Python that does the same, to be copied. */
export function PythonCall({ text }: { text: string }): ReactElement {
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    const timer = window.setTimeout(() => setCopied(false), SAID);
    return () => window.clearTimeout(timer);
  }, [isCopied]);
  const copy = (): void => {
    navigator.clipboard
      ?.writeText(text)
      .then(() => setCopied(true))
      .catch((reason: unknown) => console.warn('Pipeline Studio: the text was not copied.', reason));
  };
  return (
    <div className="jp-Studio-call">
      <span className="jp-Studio-muted">{trans.__('The same in Python')}</span>
      <code tabIndex={0}>{text}</code>
      <Button title={trans.__('Copy the call')} onClick={copy}>
        <span aria-live="polite">{isCopied ? trans.__('Copied') : trans.__('Copy')}</span>
      </Button>
    </div>
  );
}
