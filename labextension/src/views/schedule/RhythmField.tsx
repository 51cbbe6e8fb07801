import type { ReactElement } from 'react';
import { useId, useMemo } from 'react';

import type { Rhythm } from '../../models/crons';
import type { NotebookScheduleModel } from '../../models/notebookschedule';
import type { ISegment } from '../Segments';
import { Segments } from '../Segments';
import { Field } from './Field';

const RHYTHMS: readonly ISegment<Rhythm>[] = [
  { value: 'once', label: 'Once, now' },
  { value: 'hourly', label: 'Hourly' },
  { value: 'daily', label: 'Daily' },
  { value: 'weekdays', label: 'Weekdays' },
  { value: 'weekly', label: 'Weekly' },
  { value: 'monthly', label: 'Monthly' },
  { value: 'cron', label: 'Cron', title: 'An expression of five fields, or @daily and the like' }
];

const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** How often, at what time, in which time zone. */
export function RhythmField({ model }: { model: NotebookScheduleModel }): ReactElement {
  const { rhythm, choices } = model;
  const id = useId();
  const zones = useMemo(() => Intl.supportedValuesOf('timeZone'), []);
  const isAtTime = ['daily', 'weekdays', 'weekly', 'monthly'].includes(rhythm.rhythm);
  return (
    <>
      <Field name="When">
        <Segments
          label="How often"
          segments={RHYTHMS}
          value={rhythm.rhythm}
          onChange={value => model.setRhythm({ rhythm: value })}
        />
      </Field>
      {rhythm.rhythm !== 'once' && (
        <Field name={rhythm.rhythm === 'cron' ? 'Expression' : 'At'}>
          {rhythm.rhythm === 'weekly' && (
            <select
              aria-label="Day of the week"
              value={rhythm.weekday}
              onChange={event => model.setRhythm({ weekday: Number(event.target.value) })}
            >
              {WEEKDAYS.map((name, index) => (
                <option key={name} value={index}>
                  {name}
                </option>
              ))}
            </select>
          )}
          {rhythm.rhythm === 'monthly' && (
            <select
              aria-label="Day of the month"
              value={rhythm.monthday}
              onChange={event => model.setRhythm({ monthday: Number(event.target.value) })}
            >
              {Array.from({ length: 28 }, (_, index) => (
                <option key={index} value={index + 1}>
                  {`day ${index + 1}`}
                </option>
              ))}
            </select>
          )}
          {isAtTime && (
            <input
              type="time"
              aria-label="Time"
              value={rhythm.time}
              onChange={event => model.setRhythm({ time: event.target.value })}
            />
          )}
          {rhythm.rhythm === 'hourly' && (
            <input
              type="number"
              aria-label="Minute of the hour"
              min={0}
              max={59}
              value={Number(rhythm.time.split(':')[1])}
              onChange={event => model.setRhythm({ time: `00:${event.target.value.padStart(2, '0')}` })}
            />
          )}
          {rhythm.rhythm === 'cron' && (
            <input
              aria-label="Cron expression"
              spellCheck={false}
              value={rhythm.text}
              placeholder="minute hour day month weekday"
              onChange={event => model.setRhythm({ text: event.target.value })}
            />
          )}
          <input
            aria-label="Time zone"
            list={id}
            value={choices.timezone}
            onChange={event => model.choose({ timezone: event.target.value })}
          />
          <datalist id={id}>
            {zones.map(zone => (
              <option key={zone} value={zone} />
            ))}
          </datalist>
        </Field>
      )}
    </>
  );
}
