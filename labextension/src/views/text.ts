import type { RunSummary } from '../api/schema';
import { wallClock } from '../models/days';
import { language, trans } from '../trans';

/** `text` in at most `limit` characters; the middle goes, for ends tell names apart. */
export function cutMiddle(text: string, limit: number): string {
  if (text.length <= limit) {
    return text;
  }
  const head = Math.ceil((limit - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (limit - 1 - head))}`;
}

/** Seconds in words: "40 ms", "0.4 s", "32 s", "2 min 5 s", "1 h 3 min", "2 d 4 h". */
export function durationText(seconds: number): string {
  const value = Math.max(0, seconds);
  if (value > 0 && value < 0.095) {
    return trans.__('%1 ms', Math.max(1, Math.round(value * 1000)));
  }
  if (value < 9.95 && !Number.isInteger(value)) {
    return `${value.toFixed(1)} s`;
  }
  const whole = Math.round(value);
  const parts = [
    [Math.floor(whole / 86400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'min'],
    [whole % 60, 's']
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) {
    return '0 s';
  }
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

/** "2013-01-01", or "2013-01-01 06:00" if it is not midnight, on the wall clock of `timezone`. */
export function dateText(iso: string, timezone: string): string {
  const text = wallClock(timezone).format(new Date(iso)).replace(',', '');
  return text.endsWith(' 00:00') ? text.slice(0, -6) : text;
}

/** A moment for people: the time of today, otherwise with the date; on the wall clock of this browser. */
export function momentText(iso: string, now: Date): string {
  const moment = new Date(iso);
  const time = moment.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
  if (moment.toDateString() === now.toDateString()) {
    return time;
  }
  return `${moment.toLocaleDateString(undefined, { year: 'numeric', month: 'short', day: 'numeric' })}, ${time}`;
}

/** "in 5 min", "2 h ago". */
export function relativeText(iso: string, now: Date): string {
  const seconds = (Date.parse(iso) - now.getTime()) / 1000;
  const units = [
    ['day', 86400],
    ['hour', 3600],
    ['minute', 60]
  ] as const;
  const [unit, size] = units.find(([, length]) => Math.abs(seconds) >= length) ?? (['second', 1] as const);
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' });
  return format.format(Math.round(seconds / size), unit).replace('.', '');
}

/** What a run is called in a list: the date it is for; without one, when it was asked for, as this browser's clock says. */
export function runName(run: RunSummary, timezone: string): string {
  if (run.logical_date !== null) {
    return dateText(run.logical_date, timezone);
  }
  const moment = new Date(run.run_after);
  const time = moment.toLocaleTimeString('sv-SE');
  return moment.toDateString() === new Date().toDateString() ? time : `${moment.toLocaleDateString('sv-SE')} ${time}`;
}

/** Each with its plural, for a language may have several. */
const NOUNS = {
  run: (count: number) => trans._n('%1 run', '%1 runs', count),
  'failed run': (count: number) => trans._n('%1 failed run', '%1 failed runs', count),
  task: (count: number) => trans._n('%1 task', '%1 tasks', count),
  cell: (count: number) => trans._n('%1 cell', '%1 cells', count),
  slot: (count: number) => trans._n('%1 slot', '%1 slots', count),
  param: (count: number) => trans._n('%1 param', '%1 params', count),
  line: (count: number) => trans._n('%1 line', '%1 lines', count),
  column: (count: number) => trans._n('%1 column', '%1 columns', count),
  DAG: (count: number) => trans._n('%1 DAG', '%1 DAGs', count),
  byte: (count: number) => trans._n('%1 byte', '%1 bytes', count)
} as const;

/** "3 tasks", "1 task". */
export function counted(count: number, noun: keyof typeof NOUNS): string {
  return NOUNS[noun](count);
}

/** The first `limit` of several names, and how many more there are: "a, b, and 3 more". */
export function andMore(names: readonly string[], limit: number): string {
  const listed = names.slice(0, limit).join(', ');
  const more = names.length - limit;
  return more > 0 ? trans._n('%2, and %1 more', '%2, and %1 more', more, listed) : listed;
}

/** "512 MB", "1.5 GB". */
export function bytesText(bytes: number): string {
  const megabytes = bytes / 1e6;
  return megabytes < 999.5 ? trans.__('%1 MB', Math.max(1, Math.round(megabytes))) : trans.__('%1 GB', (megabytes / 1000).toFixed(1));
}

/** Of a file, which may be small: "96 bytes", "12 kB", "512 MB". */
export function sizeText(bytes: number): string {
  if (bytes < 1000) {
    return counted(bytes, 'byte');
  }
  return bytes < 999_500 ? trans.__('%1 kB', Math.round(bytes / 1000)) : bytesText(bytes);
}

/** Without the colour codes of terminals. */
export function withoutAnsi(text: string): string {
  // eslint-disable-next-line no-control-regex -- the escape character is what is looked for
  return text.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '');
}
