import type { ReactElement } from 'react';

import type { IDiffLine, LineKind } from '../models/codediff';

const SIGNS: Readonly<Record<LineKind, string>> = { same: ' ', added: '+', removed: '−', gap: ' ' };
const WORDS: Readonly<Record<LineKind, string>> = { same: '', added: 'added: ', removed: 'removed: ', gap: '' };

/** Lines that came, went and stayed. */
export function Diff({ lines, label }: { lines: readonly IDiffLine[]; label: string }): ReactElement {
  return (
    <pre className="jp-Studio-diff" role="region" tabIndex={0} aria-label={label}>
      {lines.map(({ kind, text }, index) => (
        <div key={index} className={`jp-mod-${kind}`}>
          <span aria-hidden>{SIGNS[kind]}</span>
          {WORDS[kind] !== '' && <span className="jp-Studio-onlyHeard">{WORDS[kind]}</span>}
          {text}
        </div>
      ))}
    </pre>
  );
}
