import type { ReactElement } from 'react';
import { useMemo } from 'react';

import type { RunAttempt } from '../../api/schema';
import type { DagPageModel } from '../../models/dagpage';
import type { IGanttLine } from '../../models/gantt';
import { ganttLines, GanttModel, ticksOf } from '../../models/gantt';
import type { IStudio } from '../../tokens';
import { trans } from '../../trans';
import { useModel, useNow, useSignal } from '../hooks';
import { Empty, ErrorNote } from '../Notes';
import { LOOKS, stateClass } from '../states';
import { TaskCard } from '../TaskCard';
import { MiddleCut } from '../MiddleCut';
import { durationText, momentText } from '../text';

const MOST_TICKS = 8;

/** When each task of a run waited and worked. */
export function GanttTab({ model, studio }: { model: DagPageModel; studio: IStudio }): ReactElement {
  const { dag, focus } = model;
  useSignal(dag.changed);
  useSignal(focus.changed);
  const runId = dag.run?.summary.run_id ?? null;
  if (runId === null) {
    return (
      <Empty title={trans.__('No run yet.')}>
        <p>{trans.__('Trigger one: what its tasks do when becomes a chart here.')}</p>
      </Empty>
    );
  }
  return (
    <div className={`jp-Studio-gridTab${focus.taskId === null ? '' : ' jp-mod-split'}`}>
      <Chart key={runId} page={model} studio={studio} runId={runId} />
      <TaskCard dag={dag} focus={focus} studio={studio} />
    </div>
  );
}

function Chart({ page, studio, runId }: { page: DagPageModel; studio: IStudio; runId: string }): ReactElement {
  const { dagId } = page.dag;
  const model = useModel(() => new GanttModel({ ...studio, dagId, runId }), [studio, dagId, runId]);
  useSignal(model?.changed);
  const attempts = model?.attempts ?? null;
  const lines = useMemo(() => ganttLines(attempts ?? []), [attempts]);
  const isActive = attempts?.some(attempt => attempt.ended_at === null) === true;
  const now = useNow(isActive ? 1000 : null);
  if (model === null || attempts === null) {
    return model?.error != null ? (
      <ErrorNote error={model.error} onRetry={() => void model.refresh()} />
    ) : (
      <Empty title={trans.__('Fetching the attempts…')} />
    );
  }
  if (attempts.length === 0) {
    return <Empty title={trans.__('Nothing of this run has begun yet.')} />;
  }
  const start = Math.min(...attempts.map(attempt => Date.parse(attempt.queued_at)));
  const end = Math.max(...attempts.map(attempt => endOf(attempt, now)), start + 100);
  const scale: IScale = { start, seconds: (end - start) / 1000, now };
  return (
    <div className="jp-Studio-gantt">
      {model.error !== null && <ErrorNote error={model.error} onRetry={() => void model.refresh()} />}
      <div className="jp-Studio-ganttFrame" role="table" aria-label={trans.__('When the tasks of %1 ran', dagId)}>
        <div className="jp-Studio-ganttScale" role="row">
          <span role="columnheader">{trans.__('from %1', momentText(new Date(start).toISOString(), now))}</span>
          <span className="jp-Studio-ganttTrack" role="columnheader" aria-label={trans.__('Time')}>
            {ticksOf(scale.seconds, MOST_TICKS).map(tick => (
              <span key={tick} className="jp-Studio-ganttTick" style={{ left: `${(tick / scale.seconds) * 100}%` }}>
                {tick === 0 ? '0' : durationText(tick)}
              </span>
            ))}
          </span>
        </div>
        {lines.map(line => (
          <Line
            key={`${line.taskId}[${line.mapIndex}]`}
            line={line}
            scale={scale}
            isChosen={page.focus.taskId === line.taskId && (page.focus.mapIndex ?? line.mapIndex) === line.mapIndex}
            onChoose={() =>
              page.go({ taskId: line.taskId, mapIndex: line.mapIndex < 0 ? null : line.mapIndex })
            }
          />
        ))}
      </div>
      <div className="jp-Studio-legend">
        <span>
          <span className="jp-Studio-ganttSample jp-mod-waited" aria-hidden /> {trans.__('queued')}
        </span>
        <span>
          <span className="jp-Studio-ganttSample jp-Studio-is-success" aria-hidden /> {trans.__('worked')}
        </span>
        <span className="jp-Studio-space" />
        <span className="jp-Studio-muted">{trans.__('%1 in all', durationText(scale.seconds))}</span>
      </div>
    </div>
  );
}

interface IScale {
  /** Milliseconds since 1970. */
  readonly start: number;
  readonly seconds: number;
  readonly now: Date;
}

function Line(props: { line: IGanttLine; scale: IScale; isChosen: boolean; onChoose: () => void }): ReactElement {
  const { line, scale, isChosen, onChoose } = props;
  const name = line.mapIndex < 0 ? line.taskId : `${line.taskId} [${line.mapIndex}]`;
  return (
    <div className={`jp-Studio-ganttLine${isChosen ? ' jp-mod-chosen' : ''}`} role="row">
      <span role="rowheader">
        <button type="button" className="jp-Studio-link" title={trans.__('Look at %1', name)} aria-label={name} aria-pressed={isChosen} onClick={onChoose}>
          <MiddleCut text={name} />
        </button>
      </span>
      <span className="jp-Studio-ganttTrack" role="cell" onClick={onChoose}>
        {line.attempts.map(attempt => (
          <Bar key={attempt.try_number} attempt={attempt} scale={scale} />
        ))}
      </span>
    </div>
  );
}

function Bar({ attempt, scale }: { attempt: RunAttempt; scale: IScale }): ReactElement {
  const at = (moment: number): number => ((moment - scale.start) / 10 / scale.seconds); // percent
  const queued = Date.parse(attempt.queued_at);
  const end = endOf(attempt, scale.now);
  const started = attempt.started_at === null ? end : Date.parse(attempt.started_at);
  const words = [
    trans.__('try %1: %2', attempt.try_number, LOOKS[attempt.state].label),
    trans.__('queued for %1', durationText((started - queued) / 1000)),
    attempt.started_at === null ? '' : trans.__('worked for %1', durationText((end - started) / 1000))
  ]
    .filter(word => word !== '')
    .join(', ');
  return (
    <span className={`jp-Studio-ganttBar ${stateClass(attempt.state)}`} title={words} role="img" aria-label={words}>
      <span className="jp-mod-waited" style={{ left: `${at(queued)}%`, width: `${at(started) - at(queued)}%` }} />
      {attempt.started_at !== null && (
        <span className="jp-mod-worked" style={{ left: `${at(started)}%`, width: `max(2px, ${at(end) - at(started)}%)` }} />
      )}
    </span>
  );
}

function endOf(attempt: RunAttempt, now: Date): number {
  return attempt.ended_at === null ? now.getTime() : Date.parse(attempt.ended_at);
}
