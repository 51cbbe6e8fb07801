import type { KeyboardEvent, ReactElement } from 'react';
import { memo, useCallback, useMemo, useRef, useState } from 'react';

import { monthsOf } from '../models/calendar';
import { addDays, daysBetween } from '../models/days';
import { language, trans } from '../trans';
import type { AnyState } from './states';
import { LOOKS, stateClass } from './states';

const WEEKDAYS = ['M', 'T', 'W', 'T', 'F', 'S', 'S'];
const MOST_LARGE = 93; // days that are shown with their numbers
const MOST_SMALL = 400; // days; more are shown tiny
const MOST = 4000; // days that are shown

/** What a day shows. */
export interface IDayLook {
  readonly state: AnyState;
  /** Runs of that day; one is not said. */
  readonly count: number;
  /** In words, without the day. */
  readonly words: string;
}

export interface ICalendarProps {
  days: ReadonlyMap<string, IDayLook>;
  /** What the calendar shows, for screen readers. */
  label: string;
  chosen?: string | null;
  onChoose?: (day: string) => void;
}

/** Days by months; each day says by colour and sign what it is about, and in words when it is pointed at. */
export function Calendar({ days, label, chosen = null, onChoose }: ICalendarProps): ReactElement | null {
  const [pointed, setPointed] = useState<string | null>(null);
  const [stop, setStop] = useState<string | null>(null);
  const frame = useRef<HTMLDivElement>(null);
  const known = useMemo(() => [...days.keys()].sort(), [days]);
  const last = known.at(-1);
  const first = known.find(day => last === undefined || daysBetween(day, last) < MOST);
  const months = useMemo(
    () => (first === undefined || last === undefined ? [] : monthsOf(first, last)),
    [first, last]
  );
  const move = useCallback(
    (event: KeyboardEvent, day: string) => {
      const steps = STEPS[event.key];
      if (steps === undefined) {
        return;
      }
      event.preventDefault();
      const next = nearest(days, known, day, steps);
      if (next !== null) {
        setStop(next);
        frame.current?.querySelector<HTMLElement>(`[data-day="${next}"]`)?.focus();
      }
    },
    [days, known]
  );
  if (first === undefined || last === undefined) {
    return null;
  }
  const span = daysBetween(first, last) + 1;
  const size = span <= MOST_LARGE ? 'large' : span <= MOST_SMALL ? 'small' : 'tiny';
  const tabStop = stop !== null && days.has(stop) ? stop : (chosen ?? first);
  const told = pointed === null ? undefined : days.get(pointed);
  return (
    <div className={`jp-Studio-calendar jp-mod-${size}`} role="group" aria-label={label} ref={frame}>
      <div className="jp-Studio-months" onMouseLeave={() => setPointed(null)}>
        {months.map(({ month, offset, days: shown }) => (
          <div key={month} className="jp-Studio-month">
            <div className="jp-Studio-monthName">{monthName(month, size === 'tiny')}</div>
            <div className="jp-Studio-weeks">
              {size !== 'tiny' &&
                WEEKDAYS.map((letter, index) => (
                  <span key={index} className="jp-Studio-weekday" aria-hidden>
                    {letter}
                  </span>
                ))}
              {shown.map((day, index) => (
                <Day
                  key={day}
                  day={day}
                  column={index === 0 ? offset + 1 : undefined}
                  look={days.get(day)}
                  isTabStop={day === tabStop}
                  isChosen={day === chosen}
                  onPoint={setPointed}
                  onChoose={onChoose}
                  onMove={move}
                />
              ))}
            </div>
          </div>
        ))}
      </div>
      <div className="jp-Studio-dayTold" aria-live="off">
        {pointed !== null && told !== undefined ? `${dayName(pointed)}: ${told.words}` : ' '}
        {known[0] !== first && trans.__(' Only the last %1 days are shown.', MOST)}
      </div>
    </div>
  );
}

interface IDayProps {
  day: string;
  column: number | undefined;
  look: IDayLook | undefined;
  isTabStop: boolean;
  isChosen: boolean;
  onPoint: (day: string | null) => void;
  onChoose: ((day: string) => void) | undefined;
  onMove: (event: KeyboardEvent, day: string) => void;
}

const Day = memo(function Day(props: IDayProps): ReactElement {
  const { day, column, look, isTabStop, isChosen, onPoint, onChoose, onMove } = props;
  const style = column === undefined ? undefined : { gridColumnStart: column };
  const number = Number(day.slice(8));
  if (look === undefined) {
    return (
      <span className="jp-Studio-day jp-mod-none" style={style} aria-hidden onMouseEnter={() => onPoint(null)}>
        <span className="jp-Studio-dayNumber">{number}</span>
      </span>
    );
  }
  return (
    <button
      type="button"
      className={`jp-Studio-day ${stateClass(look.state)}`}
      style={style}
      data-day={day}
      data-state={look.state}
      tabIndex={isTabStop ? 0 : -1}
      aria-label={`${dayName(day)}: ${look.words}`}
      aria-pressed={onChoose === undefined ? undefined : isChosen}
      onMouseEnter={() => onPoint(day)}
      onFocus={() => onPoint(day)}
      onBlur={() => onPoint(null)}
      onClick={() => onChoose?.(day)}
      onKeyDown={event => onMove(event, day)}
    >
      <span className="jp-Studio-dayNumber">{number}</span>
      <svg viewBox="3 3 10 10" aria-hidden>
        {LOOKS[look.state].icon !== '' && <path d={LOOKS[look.state].icon} />}
      </svg>
    </button>
  );
});

const STEPS: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  ArrowUp: -7,
  ArrowDown: 7,
  Home: -Infinity,
  End: Infinity
};

/** The day that many days on, or the next one in that direction that shows something. */
function nearest(
  days: ReadonlyMap<string, IDayLook>,
  known: readonly string[],
  from: string,
  steps: number
): string | null {
  if (!Number.isFinite(steps)) {
    return (steps < 0 ? known[0] : known.at(-1)) ?? null;
  }
  const aim = addDays(from, steps);
  if (days.has(aim)) {
    return aim;
  }
  const beyond = steps > 0 ? known.find(day => day >= aim) : known.filter(day => day <= aim).at(-1);
  return beyond ?? null;
}

function monthName(month: string, isShort: boolean): string {
  const date = new Date(`${month}-01T00:00:00Z`);
  return date.toLocaleDateString(language, { month: isShort ? 'short' : 'long', year: 'numeric', timeZone: 'UTC' });
}

function dayName(day: string): string {
  const weekday = new Date(day).toLocaleDateString(language, { weekday: 'short', timeZone: 'UTC' });
  return `${weekday}, ${day}`;
}
