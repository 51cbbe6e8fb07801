import type { ReactElement } from 'react';
import { useMemo } from 'react';

import type { BackfillInfo, RunSummary } from '../../api/schema';
import type { BackfillModel } from '../../models/backfill';
import type { IInspection } from '../../models/backfillview';
import { byDay } from '../../models/calendar';
import type { DagModel } from '../../models/dag';
import { dayOf } from '../../models/days';
import { backfillCall } from '../../models/python';
import type { IStudio } from '../../tokens';
import { trans } from '../../trans';
import { Calendar } from '../Calendar';
import { DagView } from '../DagView';
import { Button } from '../Glyph';
import { TabButton } from '../TabLinks';
import { useSignal } from '../hooks';
import { Empty, ErrorNote } from '../Notes';
import { PythonCall } from '../PythonCall';
import { RunTable } from '../RunTable';
import { StateBadge } from '../StateIcon';
import { dateText, runName } from '../text';
import { Controls } from './Controls';
import { Failures } from './Failures';
import { runDays } from './looks';
import { ProgressBar } from './ProgressBar';

export interface IBackfillProgressProps {
  dag: DagModel;
  model: BackfillModel;
  studio: IStudio;
  inspection: IInspection | null;
  /** Look at a run and a task of it; null: at none. */
  onInspect: (runId: string | null, taskId?: string | null, mapIndex?: number | null) => void;
}

/** How a backfill goes, what has failed, and what can be done about it. */
export function BackfillProgress({ dag, model, studio, inspection, onInspect }: IBackfillProgressProps): ReactElement {
  useSignal(model.changed);
  useSignal(dag.changed);
  const { info, progress, runs, error } = model;
  const timezone = dag.dag?.timezone ?? 'UTC';
  const days = useMemo(() => runDays(runs, timezone), [runs, timezone]);
  const byDate = useMemo(
    () => byDay(runs, run => (run.logical_date === null ? null : dayOf(run.logical_date, timezone))),
    [runs, timezone]
  );
  const shown = inspection?.dag.chosen ?? null;
  const run = runs.find(one => one.run_id === shown) ?? null;
  if (info === null || progress === null) {
    return error === null ? (
      <Empty title={trans.__('Fetching backfill %1…', model.id)} />
    ) : (
      <ErrorNote error={error} onRetry={() => void model.refresh()} />
    );
  }
  const choose = (day: string): void => {
    const first = byDate.get(day)?.find(one => one.state === 'failed') ?? byDate.get(day)?.[0];
    onInspect(first === undefined || first.run_id === shown ? null : first.run_id);
  };
  return (
    <div className="jp-Studio-viewBody">
      <ProgressBar info={info} progress={progress} />
      <Controls model={model} info={info} progress={progress} timezone={timezone} schedule={dag.dag?.schedule ?? null} />
      {error !== null && <ErrorNote error={error} onRetry={() => void model.refresh()} />}
      <Calendar
        days={days}
        label={trans.__('The runs, day by day')}
        chosen={run?.logical_date == null ? null : dayOf(run.logical_date, timezone)}
        onChoose={choose}
      />
      <Failures model={model} timezone={timezone} host={studio.host} onInspect={onInspect} />
      {inspection !== null && (
        <Inspection inspection={inspection} run={run} timezone={timezone} studio={studio} onClose={() => onInspect(null)} />
      )}
      {days.size === 0 && runs.length > 0 && (
        <RunTable runs={runs} timezone={timezone} shown={shown} onShow={onInspect} />
      )}
      <PythonCall text={callOf(info, timezone)} />
    </div>
  );
}

interface IInspectionProps {
  inspection: IInspection;
  run: RunSummary | null;
  timezone: string;
  studio: IStudio;
  onClose: () => void;
}

/** A run of it, with what its tasks produced. */
function Inspection({ inspection, run, timezone, studio, onClose }: IInspectionProps): ReactElement {
  const { dag, focus } = inspection;
  useSignal(dag.changed);
  return (
    <section className="jp-Studio-inspection" aria-label={trans.__('Run')}>
      <header className="jp-Studio-cellHeader">
        <b>{run === null ? dag.chosen : runName(run, timezone)}</b>
        {run !== null && <StateBadge state={run.state} />}
        <span className="jp-Studio-space" />
        <TabButton host={studio.host} title={trans.__('Open in a tab of its own')} to={{ dagId: dag.dagId, runId: dag.chosen, taskId: focus.taskId }} />
        <Button glyph="close" title={trans.__('Close the run')} onClick={onClose} />
      </header>
      {dag.error !== null && <ErrorNote error={dag.error} onRetry={() => void dag.refresh()} />}
      <DagView dag={dag} focus={focus} studio={studio} isFlowing />
    </section>
  );
}

/** The call that makes such a backfill. */
function callOf(info: BackfillInfo, timezone: string): string {
  const day = (iso: string | null): string | null => (iso === null ? null : dateText(iso, timezone));
  return backfillCall({ ...info, start: day(info.start), end: day(info.end) });
}
