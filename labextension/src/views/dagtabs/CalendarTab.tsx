import type { ReactElement } from 'react';
import { useMemo, useState } from 'react';

import type { DayRuns, RunState } from '../../api/schema';
import type { DagPageModel } from '../../models/dagpage';
import { keyOf, RunListModel } from '../../models/runlist';
import type { IStudio } from '../../tokens';
import { trans } from '../../trans';
import type { IDayLook } from '../Calendar';
import { Calendar } from '../Calendar';
import { Button } from '../Glyph';
import { useFetched, useModel, useSignal } from '../hooks';
import { Empty, ErrorNote } from '../Notes';
import { RunTable } from '../RunTable';
import { LOOKS } from '../states';

/** Of the runs of a day the first of these states that one has is shown. */
const TELLING: readonly RunState[] = ['failed', 'running', 'queued', 'cancelled', 'success'];

/** A year of days, each as its runs went. */
export function CalendarTab({ model, studio }: { model: DagPageModel; studio: IStudio }): ReactElement {
  const { dag } = model;
  const { client } = studio;
  useSignal(dag.changed);
  const [year, setYear] = useState<number | null>(null); // null: the last twelve months
  const [chosen, setChosen] = useState<string | null>(null);
  // Each run that begins or ends is in the summary; days are counted anew then.
  const beat = dag.dag?.runs.map(run => `${run.run_id} ${run.state}`).join();
  const query = year === null ? {} : { since: `${year}-01-01`, until: `${year + 1}-01-01` };
  const days = useFetched(
    () => client.call('list_days', { path: { dag_id: dag.dagId }, query }),
    [client, dag.dagId, year, beat]
  );
  const looks = useMemo(() => new Map((days.value?.days ?? []).map(day => [day.day, lookOf(day)])), [days.value]);
  if (days.value === null) {
    return days.error === null ? <Empty title={trans.__('Fetching the days…')} /> : <ErrorNote error={days.error} onRetry={days.again} />;
  }
  const thisYear = new Date().getFullYear();
  const shown = year ?? thisYear;
  return (
    <div className="jp-Studio-main">
      <div className="jp-Studio-mainTools">
        <Button title={trans.__('Show %1', shown - 1)} onClick={() => setYear(shown - 1)}>{`‹ ${shown - 1}`}</Button>
        <b>{year === null ? trans.__('The last twelve months') : String(year)}</b>
        {year !== null && (
          <Button title={trans.__('Show %1', year + 1)} disabled={year >= thisYear} onClick={() => setYear(year + 1)}>
            {`${year + 1} ›`}
          </Button>
        )}
        {year !== null && (
          <Button title={trans.__('Show the last twelve months')} onClick={() => setYear(null)}>
            {trans.__('Last twelve months')}
          </Button>
        )}
      </div>
      {days.error !== null && <ErrorNote error={days.error} onRetry={days.again} />}
      {looks.size === 0 ? (
        <Empty title={year === null ? trans.__('No run in the last twelve months.') : trans.__('No run in %1.', year)} />
      ) : (
        <Calendar
          days={looks}
          label={trans.__('Runs of %1 by day', dag.dagId)}
          chosen={chosen}
          onChoose={day => setChosen(day === chosen ? null : day)}
        />
      )}
      {chosen !== null && <Day key={chosen} day={chosen} model={model} studio={studio} />}
    </div>
  );
}

/** The runs of a day. */
function Day({ day, model, studio }: { day: string; model: DagPageModel; studio: IStudio }): ReactElement {
  const { dag } = model;
  const timezone = dag.dag?.timezone ?? 'UTC';
  const list = useModel(() => {
    const made = new RunListModel({ ...studio, dagId: dag.dagId });
    made.set({ since: day, until: day });
    return made;
  }, [studio, dag, day]);
  useSignal(list?.changed);
  if (list?.runs == null) {
    return <Empty title={trans.__('Fetching the runs of the day…')} />;
  }
  return (
    <section aria-label={trans.__('Runs of %1', day)}>
      <h3>{day}</h3>
      {list.error !== null && <ErrorNote error={list.error} onRetry={() => void list.refresh()} />}
      <RunTable
        key={list.runs.map(keyOf).join()}
        runs={list.runs}
        timezone={timezone}
        shown={dag.chosen}
        onShow={runId => model.go({ tab: 'graph', runId })}
      />
    </section>
  );
}

function lookOf({ counts }: DayRuns): IDayLook {
  const state = TELLING.find(one => (counts[one] ?? 0) > 0) ?? 'queued';
  const count = Object.values(counts).reduce((sum, number) => sum + number, 0);
  const words = Object.entries(counts).map(([name, number]) => `${number} × ${LOOKS[name as RunState].label}`);
  return { state, count, words: words.join(', ') };
}
