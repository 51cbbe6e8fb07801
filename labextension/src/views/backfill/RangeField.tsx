import type { ReactElement } from 'react';
import { useId } from 'react';

import type { BackfillFormModel } from '../../models/backfillform';
import { trans } from '../../trans';

/** The first and the last day, both included. */
export function RangeField({ model }: { model: BackfillFormModel }): ReactElement {
  const id = useId();
  const { start, end } = model.choices;
  const { problems, bounds, presets } = model;
  const problem = problems.start ?? problems.end ?? null;
  const type = (text: string): string => (text.length > 10 ? 'datetime-local' : 'date');
  return (
    <div className="jp-Studio-field" data-field="range">
      <label className="jp-Studio-fieldName" htmlFor={`${id}-start`}>
        {trans.__('Days')}
      </label>
      <div className="jp-Studio-fieldBody">
        <div className="jp-Studio-fieldLine">
          <input
            id={`${id}-start`}
            type={type(start)}
            aria-label={trans.__('First day')}
            aria-invalid={problems.start !== undefined}
            aria-describedby={`${id}-told`}
            min={bounds?.first ?? undefined}
            value={start}
            onChange={event => model.set({ start: event.target.value })}
          />
          <span>{trans.__('to')}</span>
          <input
            type={type(end)}
            aria-label={trans.__('Last day')}
            aria-invalid={problems.end !== undefined}
            aria-describedby={`${id}-told`}
            value={end}
            onChange={event => model.set({ end: event.target.value })}
          />
          <span className="jp-Studio-presets">
            {presets.map(preset => (
              <button
                key={preset.name}
                type="button"
                className="jp-Studio-chip jp-mod-newest"
                aria-pressed={preset.start === start && preset.end === end}
                title={trans.__('%1 to %2', preset.start, preset.end)}
                onClick={() => model.set({ start: preset.start, end: preset.end })}
              >
                {preset.name}
              </button>
            ))}
          </span>
        </div>
        <div className={problem === null ? 'jp-Studio-fieldHelp' : 'jp-Studio-problem'} id={`${id}-told`}>
          {problem ?? trans.__('both included, in %1', model.dag.dag?.timezone ?? 'UTC')}
        </div>
      </div>
    </div>
  );
}
