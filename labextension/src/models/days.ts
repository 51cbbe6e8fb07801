/** Days on the wall clock of a time zone, as text: "2013-01-31". */

const DAY = 86_400_000; // milliseconds

const formats = new Map<string, Intl.DateTimeFormat>();

/** Writes "2013-01-31 06:00", "," after the day; making one takes long, so they are kept. */
export function wallClock(timezone: string): Intl.DateTimeFormat {
  let format = formats.get(timezone);
  if (format === undefined) {
    format = made(timezone);
    formats.set(timezone, format);
  }
  return format;
}

export function dayOf(iso: string, timezone: string): string {
  return wallClock(timezone).format(new Date(iso)).slice(0, 10);
}

/** Whether `text` is a day that there is. */
export function isDay(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text) && stamp(text) === text;
}

export function addDays(day: string, count: number): string {
  return new Date(Date.parse(day) + count * DAY).toISOString().slice(0, 10);
}

/** From one day to another: 0 for the same. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / DAY);
}

/** 0: Monday. */
export function weekdayOf(day: string): number {
  return (new Date(day).getUTCDay() + 6) % 7;
}

/** The first of two days; ISO text sorts as time does. */
export function earlier(a: string, b: string): string {
  return a < b ? a : b;
}

export function later(a: string, b: string): string {
  return a > b ? a : b;
}

function stamp(day: string): string {
  const time = Date.parse(day);
  return Number.isNaN(time) ? '' : new Date(time).toISOString().slice(0, 10);
}

function made(timezone: string): Intl.DateTimeFormat {
  const format: Intl.DateTimeFormatOptions = {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23'
  };
  try {
    return new Intl.DateTimeFormat('sv-SE', { ...format, timeZone: timezone });
  } catch {
    return new Intl.DateTimeFormat('sv-SE', { ...format, timeZone: 'UTC' });
  }
}
