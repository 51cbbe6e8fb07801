import { trans } from '../trans';
import { addDays, dayOf, earlier, later } from './days';

/** What a schedule says of the days that a backfill may be about. */
export interface IBounds {
  /** First and last day of the schedule; null: none said. */
  readonly first: string | null;
  readonly last: string | null;
  /** The day before this one: the last whose data are complete. */
  readonly yesterday: string;
}

export interface IPreset {
  readonly name: string;
  readonly start: string;
  readonly end: string;
}

export function boundsOf(start: string | null, end: string | null, timezone: string, now: Date): IBounds {
  const day = (date: string | null): string | null =>
    date === null ? null : /[zZ]|[+-]\d\d:\d\d$/.test(date.slice(10)) ? dayOf(date, timezone) : date.slice(0, 10);
  return { first: day(start), last: day(end), yesterday: addDays(dayOf(now.toISOString(), timezone), -1) };
}

/** Ranges that are often wanted, counted back from the last day of the schedule that is over. */
export function presetsOf(bounds: IBounds): IPreset[] {
  const end = bounds.last === null ? bounds.yesterday : earlier(bounds.last, bounds.yesterday);
  const ranges: [string, string][] = [
    [trans.__('Last 7 days'), addDays(end, -6)],
    [trans.__('Last 30 days'), addDays(end, -29)],
    [end === bounds.yesterday ? trans.__('This month') : trans.__('Last month'), `${end.slice(0, 7)}-01`],
    ...(bounds.first === null ? [] : [[trans.__('All since the start'), bounds.first] as [string, string]])
  ];
  return ranges
    .map(([name, start]) => ({ name, start: bounds.first === null ? start : later(start, bounds.first), end }))
    .filter(preset => preset.start <= preset.end);
}

/** A day as the end of a range: all of it, also where the schedule has several runs a day. */
export function endText(day: string, schedule: string | null): string {
  return day.length > 10 || MIDNIGHT.test(schedule ?? '') ? day : `${day}T23:59:59`;
}

/** Schedules whose logical dates are midnights. */
const MIDNIGHT = /^(@(daily|midnight|weekly|monthly|quarterly|yearly|annually)|0 0 \S+ \S+ \S+)$/;
