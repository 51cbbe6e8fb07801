import type { ReactElement } from 'react';

import type { RunSummary } from '../api/schema';
import { trans } from '../trans';
import { StateIcon } from './StateIcon';
import { LOOKS, stateClass } from './states';
import { durationText, runName } from './text';

/** How long a run has taken so far; null: it has not begun. */
export function secondsOf(run: RunSummary): number | null {
  if (run.started_at === null) {
    return null;
  }
  return ((run.ended_at === null ? Date.now() : Date.parse(run.ended_at)) - Date.parse(run.started_at)) / 1000;
}

/** A run in words, for tips. */
export function runTip(run: RunSummary, timezone: string): string {
  const seconds = secondsOf(run);
  const length = seconds === null ? '' : `, ${durationText(seconds)}`;
  return `${runName(run, timezone)}: ${LOOKS[run.state].label}${length}\n${run.run_id}`;
}

export interface IRunBarsProps {
  /** Newest first. */
  runs: readonly RunSummary[];
  timezone: string;
  count: number;
}

/** The last runs, oldest on the left: the height is the duration, the colour the state. */
export function RunBars({ runs, timezone, count }: IRunBarsProps): ReactElement {
  const shown = runs.slice(0, count).reverse();
  const longest = Math.max(...shown.map(run => secondsOf(run) ?? 0), 0.001);
  const states = shown.map(run => `${runName(run, timezone)} ${LOOKS[run.state].label}`);
  return (
    <span
      className="jp-Studio-bars"
      role="img"
      aria-label={shown.length === 0 ? trans.__('no runs yet') : trans.__('last runs: %1', states.join(', '))}
    >
      {Array.from({ length: Math.max(count - shown.length, 0) }, (_, index) => (
        <span key={index} className="jp-Studio-bar jp-mod-none" />
      ))}
      {shown.map(run => (
        <span
          key={run.run_id}
          className={`jp-Studio-bar ${stateClass(run.state)}`}
          style={{ height: `${30 + 70 * Math.sqrt((secondsOf(run) ?? 0) / longest)}%` }}
          title={runTip(run, timezone)}
        />
      ))}
    </span>
  );
}

export interface IRunChoiceProps {
  /** Newest first. */
  runs: readonly RunSummary[];
  timezone: string;
  shown: string | null;
  follows: boolean;
  /** Null: follow the newest. */
  onShow: (runId: string | null) => void;
}

/** Chips with a date; older ones show only their state, the tip says the rest. */
const DATED = 5;

/** The last runs as chips with their dates, oldest on the left; one is shown, or always the newest. */
export function RunChips({
  runs,
  timezone,
  shown,
  follows,
  onShow,
  count
}: IRunChoiceProps & { count: number }): ReactElement {
  const chips = runs.slice(0, count).reverse();
  const isShort = (run: RunSummary, index: number): boolean => index < chips.length - DATED && run.run_id !== shown;
  return (
    <div className="jp-Studio-chips" role="group" aria-label={trans.__('Run')}>
      {chips.map((run, index) => (
        <button
          key={run.run_id}
          type="button"
          className={`jp-Studio-chip ${stateClass(run.state)}${isShort(run, index) ? ' jp-mod-short' : ''}`}
          aria-pressed={run.run_id === shown}
          aria-label={`${runName(run, timezone)}, ${LOOKS[run.state].label}`}
          title={runTip(run, timezone)}
          onClick={() => onShow(run.run_id)}
        >
          <StateIcon state={run.state} />
          {!isShort(run, index) && runName(run, timezone)}
        </button>
      ))}
      {(chips.length > 1 || !follows) && (
        <button
          type="button"
          className="jp-Studio-chip jp-mod-newest"
          aria-pressed={follows}
          title={trans.__('Always show the newest run')}
          onClick={() => onShow(null)}
        >
          {trans.__('Newest')}
        </button>
      )}
    </div>
  );
}

const NEWEST = ''; // no run id is empty

/** The runs in a list, newest first. */
export function RunPicker({ runs, timezone, shown, follows, onShow }: IRunChoiceProps): ReactElement {
  const newest = runs[0];
  const isListed = runs.some(run => run.run_id === shown);
  const text = (run: RunSummary): string =>
    `${LOOKS[run.state].glyph}  ${runName(run, timezone)} · ${LOOKS[run.state].label}`;
  return (
    <label className="jp-Studio-picker">
      {trans.__('Run')}
      <select
        value={follows ? NEWEST : (shown ?? NEWEST)}
        onChange={event => onShow(event.target.value === NEWEST ? null : event.target.value)}
      >
        <option value={NEWEST}>{newest === undefined ? trans.__('no runs yet') : trans.__('Newest: %1', text(newest))}</option>
        {!isListed && shown !== null && <option value={shown}>{shown}</option>}
        {runs.map(run => (
          <option key={run.run_id} value={run.run_id} title={run.run_id}>
            {text(run)}
            {run.run_type === 'manual' ? trans.__(' · by hand') : ''}
          </option>
        ))}
      </select>
    </label>
  );
}
