import type { ReactElement } from 'react';

import type { RunState } from '../../api/schema';
import { RUN_STATES } from '../../api/schema';
import type { RunListModel } from '../../models/runlist';
import { ALL_RUNS } from '../../models/runlist';
import { trans } from '../../trans';
import { Button } from '../Glyph';
import { StateIcon } from '../StateIcon';
import { LOOKS } from '../states';
import { runTypes } from './words';

/** Which runs are listed. */
export function RunFilters({ model }: { model: RunListModel }): ReactElement {
  const { filter } = model;
  const toggle = (state: RunState): void => {
    const states = filter.states.includes(state)
      ? filter.states.filter(other => other !== state)
      : [...filter.states, state];
    model.set({ states });
  };
  return (
    <div className="jp-Studio-runFilters" role="search" aria-label={trans.__('Filter runs')} data-lm-suppress-shortcuts="true">
      <input
        className="jp-Studio-filter"
        type="search"
        placeholder={trans.__('Run id or note')}
        aria-label={trans.__('Part of the run id or the note')}
        value={filter.search}
        onChange={event => model.set({ search: event.target.value })}
      />
      <div className="jp-Studio-chips" role="group" aria-label={trans.__('States')}>
        {RUN_STATES.map(state => (
          <button
            key={state}
            type="button"
            className="jp-Studio-chip"
            aria-pressed={filter.states.includes(state)}
            onClick={() => toggle(state)}
          >
            <StateIcon state={state} />
            {LOOKS[state].label}
          </button>
        ))}
      </div>
      <select
        aria-label={trans.__('Type of run')}
        value={filter.types[0] ?? ''}
        onChange={event => model.set({ types: event.target.value === '' ? [] : [event.target.value] })}
      >
        <option value="">{trans.__('all types')}</option>
        {Object.entries(runTypes()).map(([type, words]) => (
          <option key={type} value={type}>
            {words}
          </option>
        ))}
      </select>
      <span className="jp-Studio-dates">
        <input
          type="date"
          aria-label={trans.__('For days from')}
          title={trans.__('Runs for this day and later ones')}
          value={filter.since}
          onChange={event => model.set({ since: event.target.value })}
        />
        {trans.__(' to ')}
        <input
          type="date"
          aria-label={trans.__('For days until')}
          title={trans.__('Runs for this day and earlier ones')}
          value={filter.until}
          onChange={event => model.set({ until: event.target.value })}
        />
      </span>
      {model.isFiltered && (
        <Button glyph="close" title={trans.__('List all runs')} onClick={() => model.set(ALL_RUNS)}>
          {trans.__('All runs')}
        </Button>
      )}
    </div>
  );
}
