import type { ReactElement } from 'react';

import type { IDiffLine, LineKind } from '../models/codediff';
import { trans } from '../trans';

const SIGNS: Readonly<Record<LineKind, string>> = { same: ' ', added: '+', removed: '−', gap: ' ' };
const words = (): Readonly<Record<LineKind, string>> => ({ same: '', added: trans.__('added: '), removed: trans.__('removed: '), gap: '' });

/** Lines that came, went and stayed. */
export function Diff({ lines, label }: { lines: readonly IDiffLine[]; label: string }): ReactElement {
  return (
    <pre className="jp-Studio-diff" role="region" tabIndex={0} aria-label={label}>
      {lines.map(({ kind, text }, index) => (
        <div key={index} className={`jp-mod-${kind}`}>
          <span aria-hidden>{SIGNS[kind]}</span>
          {words()[kind] !== '' && <span className="jp-Studio-onlyHeard">{words()[kind]}</span>}
          {text}
        </div>
      ))}
    </pre>
  );
}
