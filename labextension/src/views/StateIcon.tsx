import type { ReactElement } from 'react';

import type { AnyState } from './states';
import { LOOKS, stateClass } from './states';

/** The disc with a state's sign, for use inside an `<svg>`; its box is 16 × 16. */
export function StateDisc({ state }: { state: AnyState }): ReactElement {
  const { icon } = LOOKS[state];
  return (
    <g className={`jp-Studio-disc ${stateClass(state)}`}>
      <circle cx={8} cy={8} r={7.25} />
      {icon !== '' && <path d={icon} />}
    </g>
  );
}

/** The same in a line of text. `title`: read out and shown as a tip; without it the icon is decoration. */
export function StateIcon({ state, title }: { state: AnyState; title?: string }): ReactElement {
  const name = title === undefined ? { 'aria-hidden': true } : { role: 'img', 'aria-label': title };
  return (
    <span className="jp-Studio-stateIcon" title={title} {...name}>
      <svg viewBox="0 0 16 16" width={16} height={16}>
        <StateDisc state={state} />
      </svg>
    </span>
  );
}

/** Icon and word. */
export function StateBadge({ state }: { state: AnyState }): ReactElement {
  return (
    <span className={`jp-Studio-badge ${stateClass(state)}`}>
      <StateIcon state={state} />
      {LOOKS[state].label}
    </span>
  );
}
