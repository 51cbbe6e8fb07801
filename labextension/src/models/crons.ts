/** How often, as people say it, and the cron expression for that. */

export const RHYTHMS = ['once', 'hourly', 'daily', 'weekdays', 'weekly', 'monthly', 'cron'] as const;
export type Rhythm = (typeof RHYTHMS)[number];

export interface IRhythm {
  readonly rhythm: Rhythm;
  /** "06:30"; of `hourly` only the minutes count. */
  readonly time: string;
  /** 0: Sunday. */
  readonly weekday: number;
  /** 1 to 28: every month has it. */
  readonly monthday: number;
  /** What was typed, for `cron`. */
  readonly text: string;
}

export const DAILY: IRhythm = { rhythm: 'daily', time: '06:00', weekday: 1, monthday: 1, text: '0 6 * * *' };

/** The cron expression; null: once, or what was typed is not complete yet. */
export function cronOf({ rhythm, time, weekday, monthday, text }: IRhythm): string | null {
  const [hour, minute] = time.split(':').map(Number);
  if (rhythm !== 'cron' && (hour === undefined || minute === undefined || Number.isNaN(hour) || Number.isNaN(minute))) {
    return null;
  }
  switch (rhythm) {
    case 'once':
      return null;
    case 'hourly':
      return `${minute} * * * *`;
    case 'daily':
      return `${minute} ${hour} * * *`;
    case 'weekdays':
      return `${minute} ${hour} * * 1-5`;
    case 'weekly':
      return `${minute} ${hour} * * ${weekday}`;
    case 'monthly':
      return `${minute} ${hour} ${monthday} * *`;
    case 'cron':
      return text.trim() === '' ? null : text.trim();
  }
}

/** The rhythm that an expression stands for; one that is none of them is shown as it is written. */
export function rhythmOf(expression: string): IRhythm {
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = expression.split(/\s+/);
  const isPlain = /^\d+$/.test(minute) && month === '*';
  const time = `${hour.padStart(2, '0')}:${minute.padStart(2, '0')}`;
  const made = { ...DAILY, text: expression, time: /^\d\d:\d\d$/.test(time) ? time : DAILY.time };
  if (isPlain && hour === '*' && day === '*' && weekday === '*') {
    return { ...made, rhythm: 'hourly', time: `00:${minute.padStart(2, '0')}` };
  }
  if (!isPlain || !/^\d+$/.test(hour)) {
    return { ...made, rhythm: 'cron' };
  }
  if (day === '*' && weekday === '*') {
    return { ...made, rhythm: 'daily' };
  }
  if (day === '*' && weekday === '1-5') {
    return { ...made, rhythm: 'weekdays' };
  }
  if (day === '*' && /^[0-6]$/.test(weekday)) {
    return { ...made, rhythm: 'weekly', weekday: Number(weekday) };
  }
  if (weekday === '*' && /^\d+$/.test(day) && Number(day) <= 28) {
    return { ...made, rhythm: 'monthly', monthday: Number(day) };
  }
  return { ...made, rhythm: 'cron' };
}
