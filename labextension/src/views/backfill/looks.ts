import type { BackfillDate, BackfillInfo, BackfillPreview, RunState, RunSummary } from '../../api/schema';
import type { IProgress } from '../../models/backfill';
import { byDay } from '../../models/calendar';
import { dayOf } from '../../models/days';
import { trans } from '../../trans';
import type { IDayLook } from '../Calendar';
import type { AnyState } from '../states';
import { LOOKS } from '../states';
import { counted, durationText } from '../text';

/** Of several runs of a day the first of these is the one to show. */
const DECISIONS = ['create', 'clear', 'skip'] as const;
const STATES: readonly RunState[] = ['failed', 'running', 'queued', 'cancelled', 'success'];

const DECISION_LOOKS: Readonly<Record<BackfillDate['decision'], AnyState>> = {
  create: 'create',
  clear: 'clear',
  skip: 'skipped'
};

/** What a backfill would do, day by day. */
export function previewDays(preview: BackfillPreview, timezone: string): Map<string, IDayLook> {
  const days = byDay(preview.runs, run => (run.logical_date === null ? null : dayOf(run.logical_date, timezone)));
  return new Map([...days].map(([day, runs]) => [day, decisionLook(runs)]));
}

function decisionLook(runs: readonly BackfillDate[]): IDayLook {
  const decision = DECISIONS.find(one => runs.some(run => run.decision === one)) ?? 'skip';
  const reasons = countedWords(runs.map(decisionWords));
  return { state: DECISION_LOOKS[decision], count: runs.length, words: reasons };
}

/** "a run is made", "left alone, because it succeeded already". */
function decisionWords(run: BackfillDate): string {
  switch (run.decision) {
    case 'create':
      return trans.__('a run is made');
    case 'clear':
      return trans.__('run again, because it %1', run.reason);
    case 'skip':
      return run.reason.startsWith('its ') ? trans.__('left alone: %1', run.reason) : trans.__('left alone: it %1', run.reason);
  }
}

/** How the runs of a backfill go, day by day. */
export function runDays(runs: readonly RunSummary[], timezone: string): Map<string, IDayLook> {
  const days = byDay(runs, run => (run.logical_date === null ? null : dayOf(run.logical_date, timezone)));
  return new Map(
    [...days].map(([day, found]) => {
      const state = STATES.find(one => found.some(run => run.state === one)) ?? 'queued';
      return [day, { state, count: found.length, words: countedWords(found.map(run => LOOKS[run.state].label)) }];
    })
  );
}

/** "success", or of several "23 × success, failed". */
function countedWords(words: readonly string[]): string {
  const counts = new Map<string, number>();
  words.forEach(word => counts.set(word, (counts.get(word) ?? 0) + 1));
  return [...counts].map(([word, count]) => (count === 1 ? word : `${count} × ${word}`)).join(', ');
}

/** Why dates are left alone, the most frequent first. */
export function skipReasons(preview: BackfillPreview): [string, number][] {
  const counts = new Map<string, number>();
  for (const run of preview.runs) {
    if (run.decision === 'skip') {
      counts.set(run.reason, (counts.get(run.reason) ?? 0) + 1);
    }
  }
  return [...counts].sort((a, b) => b[1] - a[1]);
}

/** Runs that it would make or repeat. */
export function toRun(preview: BackfillPreview): number {
  return (preview.counts['create'] ?? 0) + (preview.counts['clear'] ?? 0);
}

/** "5 runs to make, 1 to repeat, about 2 min". */
export function previewText(preview: BackfillPreview): string {
  const { create = 0, clear = 0 } = preview.counts;
  const parts = [
    create > 0 || clear === 0 ? trans.__('%1 to make', counted(create, 'run')) : '',
    clear > 0 ? trans.__('%1 to repeat', clear === preview.runs.length || create === 0 ? counted(clear, 'run') : clear) : ''
  ].filter(Boolean);
  if (preview.seconds !== null && toRun(preview) > 0) {
    parts.push(trans.__('about %1', durationText(roughly(preview.seconds))));
  }
  return parts.join(', ');
}

/** An estimate is not exact to the second. */
export function roughly(seconds: number): number {
  return seconds < 10 ? Math.max(1, Math.round(seconds)) : seconds < 90 ? 5 * Math.round(seconds / 5) : 60 * Math.round(seconds / 60);
}

/** The sign of a backfill, and what it is in a word or two. */
export function backfillLook(info: BackfillInfo, progress: IProgress): { state: AnyState; label: string } {
  const isEnded = progress.ended >= progress.total;
  if (info.state === 'paused') {
    return { state: 'paused', label: trans.__('paused') };
  }
  if (info.state === 'cancelled') {
    return { state: 'cancelled', label: isEnded ? trans.__('cancelled') : trans.__('ending') };
  }
  if (info.state === 'running' || !isEnded) {
    return { state: 'running', label: trans.__('running') };
  }
  return (progress.counts.failed ?? 0) > 0
    ? { state: 'failed', label: trans.__('done, with failures') }
    : { state: 'success', label: trans.__('done') };
}

/** "about 2 min left", while something is known. */
export function leftText(info: BackfillInfo, progress: IProgress): string {
  return info.seconds_left === null || progress.ended >= progress.total
    ? ''
    : trans.__('about %1 left', durationText(roughly(info.seconds_left)));
}
