import type { ReactElement } from 'react';

import type { BackfillInfo, RunState } from '../../api/schema';
import type { IProgress } from '../../models/backfill';
import { trans } from '../../trans';
import { StateIcon } from '../StateIcon';
import { LOOKS, stateClass } from '../states';
import { counted } from '../text';
import { leftText } from './looks';

const ORDER: readonly RunState[] = ['success', 'failed', 'cancelled', 'running', 'queued'];
const ROOMY = 0.05; // part of the bar in which a sign has room

/** How many runs are in which state, and how long it may still take. */
export function ProgressBar({ info, progress }: { info: BackfillInfo; progress: IProgress }): ReactElement {
  const { counts, ended, total } = progress;
  const parts = ORDER.map(state => ({ state, count: counts[state] ?? 0 })).filter(({ count }) => count > 0);
  const left = leftText(info, progress);
  const text = [trans.__('%1 of %2 ended', ended, counted(total, 'run')), left].filter(Boolean).join(', ');
  return (
    <div className="jp-Studio-backfillProgress">
      <div
        className="jp-Studio-stack"
        role="progressbar"
        aria-label={trans.__('Runs that have ended')}
        aria-valuemin={0}
        aria-valuemax={total}
        aria-valuenow={ended}
        aria-valuetext={text}
      >
        {parts.map(({ state, count }) => (
          <span key={state} className={stateClass(state)} data-state={state} style={{ flexGrow: count }}>
            {count / total >= ROOMY && (
              <svg viewBox="0 0 16 16" width={14} height={14} aria-hidden>
                <path d={LOOKS[state].icon} />
              </svg>
            )}
          </span>
        ))}
      </div>
      <div className="jp-Studio-previewHead">
        <strong role="status">{text}</strong>
        <span className="jp-Studio-legend">
          {parts.map(({ state, count }) => (
            <span key={state}>
              <StateIcon state={state} /> {count} {LOOKS[state].label}
            </span>
          ))}
        </span>
      </div>
    </div>
  );
}
