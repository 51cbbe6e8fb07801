import type { ReactElement } from 'react';
import { useMemo } from 'react';

import type { BackfillFormModel } from '../../models/backfillform';
import { trans } from '../../trans';
import { Calendar } from '../Calendar';
import { StateIcon } from '../StateIcon';
import { previewDays, previewText, skipReasons } from './looks';

/** What the choices come to: a calendar, counts, reasons and an estimate. */
export function Preview({ model }: { model: BackfillFormModel }): ReactElement {
  const { preview } = model;
  const timezone = model.dag.dag?.timezone ?? 'UTC';
  const days = useMemo(() => (preview === null ? null : previewDays(preview, timezone)), [preview, timezone]);
  if (preview === null || days === null) {
    return (
      <div className="jp-Studio-preview jp-mod-empty jp-Studio-muted" role="status">
        {model.asked === null
          ? trans.__('What would run is shown here when the choices above are complete.')
          : model.isAsking
            ? trans.__('Looking what there is to run…')
            : trans.__('What would run is not known.')}
      </div>
    );
  }
  const reasons = skipReasons(preview);
  const { create = 0, clear = 0, skip = 0 } = preview.counts;
  const isMixed = [create, clear, skip].filter(count => count > 0).length > 1;
  return (
    <section className={`jp-Studio-preview${model.isAsking ? ' jp-mod-old' : ''}`} aria-label={trans.__('Preview')}>
      <div className="jp-Studio-previewHead" role="status">
        <strong>{preview.runs.length === 0 ? trans.__('The schedule has no dates in these days.') : previewText(preview)}</strong>
        <span className="jp-Studio-legend">
          {isMixed && create > 0 && (
            <span>
              <StateIcon state="create" /> {trans.__('%1 to make', create)}
            </span>
          )}
          {isMixed && clear > 0 && (
            <span>
              <StateIcon state="clear" /> {trans.__('%1 to repeat', clear)}
            </span>
          )}
          {skip > 0 && (
            <span>
              <StateIcon state="skipped" /> {trans.__('%1 left alone', skip)}
              {`: ${reasons.map(([reason, count]) => (reasons.length === 1 ? reason : `${count} ${reason}`)).join(', ')}`}
            </span>
          )}
        </span>
      </div>
      <Calendar days={days} label={trans.__('What would run, day by day')} />
    </section>
  );
}
