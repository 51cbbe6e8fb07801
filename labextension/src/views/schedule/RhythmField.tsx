import type { ReactElement } from 'react';
import { useId, useMemo } from 'react';

import type { Rhythm } from '../../models/crons';
import type { NotebookScheduleModel } from '../../models/notebookschedule';
import { trans } from '../../trans';
import type { ISegment } from '../Segments';
import { Segments } from '../Segments';
import { Field } from './Field';

const rhythms = (): readonly ISegment<Rhythm>[] => [
  { value: 'once', label: trans.__('Once, now') },
  { value: 'hourly', label: trans.__('Hourly') },
  { value: 'daily', label: trans.__('Daily') },
  { value: 'weekdays', label: trans.__('Weekdays') },
  { value: 'weekly', label: trans.__('Weekly') },
  { value: 'monthly', label: trans.__('Monthly') },
  { value: 'cron', label: trans.__('Cron'), title: trans.__('An expression of five fields, or @daily and the like') }
];

const weekdays = () => [trans.__('Sunday'), trans.__('Monday'), trans.__('Tuesday'), trans.__('Wednesday'), trans.__('Thursday'), trans.__('Friday'), trans.__('Saturday')];

/** How often, at what time, in which time zone. */
export function RhythmField({ model }: { model: NotebookScheduleModel }): ReactElement {
  const { rhythm, choices } = model;
  const id = useId();
  const zones = useMemo(() => Intl.supportedValuesOf('timeZone'), []);
  const isAtTime = ['daily', 'weekdays', 'weekly', 'monthly'].includes(rhythm.rhythm);
  return (
    <>
      <Field name={trans.__('When')}>
        <Segments
          label={trans.__('How often')}
          segments={rhythms()}
          value={rhythm.rhythm}
          onChange={value => model.setRhythm({ rhythm: value })}
        />
      </Field>
      {rhythm.rhythm !== 'once' && (
        <Field name={rhythm.rhythm === 'cron' ? trans.__('Expression') : trans.__('At')}>
          {rhythm.rhythm === 'weekly' && (
            <select
              aria-label={trans.__('Day of the week')}
              value={rhythm.weekday}
              onChange={event => model.setRhythm({ weekday: Number(event.target.value) })}
            >
              {weekdays().map((name, index) => (
                <option key={name} value={index}>
                  {name}
                </option>
              ))}
            </select>
          )}
          {rhythm.rhythm === 'monthly' && (
            <select
              aria-label={trans.__('Day of the month')}
              value={rhythm.monthday}
              onChange={event => model.setRhythm({ monthday: Number(event.target.value) })}
            >
              {Array.from({ length: 28 }, (_, index) => (
                <option key={index} value={index + 1}>
                  {trans.__('day %1', index + 1)}
                </option>
              ))}
            </select>
          )}
          {isAtTime && (
            <input
              type="time"
              aria-label={trans.__('Time')}
              value={rhythm.time}
              onChange={event => model.setRhythm({ time: event.target.value })}
            />
          )}
          {rhythm.rhythm === 'hourly' && (
            <input
              type="number"
              aria-label={trans.__('Minute of the hour')}
              min={0}
              max={59}
              value={Number(rhythm.time.split(':')[1])}
              onChange={event => model.setRhythm({ time: `00:${event.target.value.padStart(2, '0')}` })}
            />
          )}
          {rhythm.rhythm === 'cron' && (
            <input
              aria-label={trans.__('Cron expression')}
              spellCheck={false}
              value={rhythm.text}
              placeholder={trans.__('minute hour day month weekday')}
              onChange={event => model.setRhythm({ text: event.target.value })}
            />
          )}
          <input
            aria-label={trans.__('Time zone')}
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
