import type { ReactElement } from 'react';
import { useState } from 'react';

import type { AttemptInfo } from '../../api/schema';
import { linesBetween } from '../../models/codediff';
import type { TaskModel } from '../../models/task';
import { trans } from '../../trans';
import { Diff } from '../Diff';
import { LinkButton } from '../Glyph';
import { Empty } from '../Notes';
import { StateBadge } from '../StateIcon';
import { Elapsed, Moment } from '../Times';
import { withoutAnsi } from '../text';

export interface ITriesPanelProps {
  task: TaskModel;
  /** Oldest first. */
  attempts: readonly AttemptInfo[];
}

/** Every try: how it went, and what differs between two of them. */
export function TriesPanel({ task, attempts }: ITriesPanelProps): ReactElement {
  const [base, setBase] = useState<number | null>(null);
  const shown = attempts.find(one => one.try_number === task.tryNumber) ?? attempts.at(-1);
  const other = attempts.find(one => one.try_number === base);
  if (shown === undefined) {
    return <Empty title={trans.__('It has not started yet.')} />;
  }
  return (
    <div className="jp-Studio-panelBody">
      <div className="jp-Studio-tableFrame">
        <table className="jp-Studio-runTable">
          <thead>
            <tr>
              <th scope="col">{trans.__('Try')}</th>
              <th scope="col">{trans.__('State')}</th>
              <th scope="col">{trans.__('Queued')}</th>
              <th scope="col">{trans.__('Took')}</th>
              <th scope="col">{trans.__('Worker')}</th>
              <th scope="col">{trans.__('Error')}</th>
            </tr>
          </thead>
          <tbody>
            {[...attempts].reverse().map(attempt => (
              <tr key={attempt.id} className={attempt === shown ? 'jp-mod-selected' : ''}>
                <th scope="row">
                  <LinkButton title={trans.__('Look at try %1', attempt.try_number)} onClick={() => task.showTry(attempt.try_number)}>
                    {String(attempt.try_number)}
                  </LinkButton>
                </th>
                <td>
                  <StateBadge state={attempt.state} />
                </td>
                <td>
                  <Moment time={attempt.queued_at} />
                </td>
                <td>
                  {attempt.started_at !== null && <Elapsed start={attempt.started_at} end={attempt.ended_at} />}
                </td>
                <td className="jp-Studio-muted">{attempt.worker}</td>
                <td className="jp-Studio-muted" title={attempt.error ?? undefined}>
                  {lastLine(attempt.error)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {attempts.length > 1 && (
        <label className="jp-Studio-picker">
          {trans.__('Compare try %1 with', shown.try_number)}
          <select value={base ?? ''} onChange={event => setBase(event.target.value === '' ? null : Number(event.target.value))}>
            <option value="">{trans.__('no other')}</option>
            {attempts
              .filter(one => one !== shown)
              .map(({ id, try_number: number }) => (
                <option key={id} value={number}>
                  {trans.__('try %1', number)}
                </option>
              ))}
          </select>
        </label>
      )}
      {other !== undefined && other !== shown && <Comparison before={other} after={shown} />}
    </div>
  );
}

function Comparison({ before, after }: { before: AttemptInfo; after: AttemptInfo }): ReactElement {
  const lines = linesBetween(textOf(before), textOf(after));
  return lines.length === 0 ? (
    <p className="jp-Studio-muted">{trans.__('Same arguments, same source, same environment, same end.')}</p>
  ) : (
    <Diff lines={lines} label={trans.__('What differs between try %1 and try %2', before.try_number, after.try_number)} />
  );
}

function textOf({ state, error, value, details }: AttemptInfo): string {
  const told = { state, error: withoutAnsi(error ?? '').split('\n'), value, ...details };
  return `${JSON.stringify(told, null, 2)}\n`;
}

function lastLine(error: string | null): string {
  const text = withoutAnsi(error ?? '').trim();
  return text.slice(text.lastIndexOf('\n') + 1);
}
