import { addDays, daysBetween, earlier, later, weekdayOf } from './days';

/** A month of a calendar, from its first day that is shown to its last. */
export interface IMonth {
  /** "2013-01" */
  readonly month: string;
  /** Empty places before the first day; weeks begin on Monday. */
  readonly offset: number;
  readonly days: readonly string[];
}

/** The months from `first` to `last`, both included; of each all days of the weeks that are touched. */
export function monthsOf(first: string, last: string): IMonth[] {
  const months: IMonth[] = [];
  let day = later(addDays(first, -weekdayOf(first)), `${first.slice(0, 7)}-01`);
  while (day <= last) {
    const month = day.slice(0, 7);
    const end = earlier(endOf(month), addDays(last, 6 - weekdayOf(last)));
    const days = Array.from({ length: daysBetween(day, end) + 1 }, (_, index) => addDays(day, index));
    months.push({ month, offset: weekdayOf(day), days });
    day = addDays(endOf(month), 1);
  }
  return months;
}

/** What happened on which day. */
export function byDay<T>(entries: readonly T[], day: (entry: T) => string | null): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const entry of entries) {
    const key = day(entry);
    if (key !== null) {
      const known = found.get(key);
      if (known === undefined) {
        found.set(key, [entry]);
      } else {
        known.push(entry);
      }
    }
  }
  return found;
}

function endOf(month: string): string {
  const [year = 1970, number = 1] = month.split('-').map(Number);
  return new Date(Date.UTC(year, number, 0)).toISOString().slice(0, 10);
}
