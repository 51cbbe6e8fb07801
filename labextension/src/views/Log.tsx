import type { ReactElement } from 'react';
import { memo, useDeferredValue, useEffect, useLayoutEffect, useRef, useState } from 'react';

import type { LogRecord } from '../api/schema';
import type { LogLevel, LogModel } from '../models/log';
import { LEVELS } from '../models/log';
import type { TaskModel } from '../models/task';
import { trans } from '../trans';
import { useSignal } from './hooks';
import { Empty, ErrorNote } from './Notes';
import { withoutAnsi } from './text';

const NEAR = 24; // pixels from the end that still count as the end
const TYPING = 300; // milliseconds after the last key until it is searched
const CLOCK = new Intl.DateTimeFormat('sv-SE', { timeStyle: 'medium' }); // making one takes longer than using it

/** The end of a task's log, kept current while it is looked at. */
export function Log({ model }: { model: TaskModel }): ReactElement {
  const [log, setLog] = useState<LogModel | null>(null);
  const tryNumber = model.tryNumber;
  useEffect(() => {
    const made = model.openLog();
    setLog(made);
    return () => made.dispose();
  }, [model, tryNumber]);
  return log === null || log.isDisposed ? <Empty title={trans.__('Fetching the log…')} /> : <Records log={log} />;
}

function Records({ log }: { log: LogModel }): ReactElement {
  useSignal(log.changed);
  const list = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const { error } = log;
  const records = useDeferredValue(log.records); // drawn when there is nothing more urgent
  useLayoutEffect(() => {
    if (list.current !== null && isAtEnd.current) {
      list.current.scrollTop = list.current.scrollHeight;
    }
  }, [records]);
  if (records === null) {
    return error === null ? (
      <Empty title={trans.__('Fetching the log…')} />
    ) : (
      <ErrorNote error={error} onRetry={() => void log.refresh()} />
    );
  }
  const isFiltered = log.level !== 'DEBUG' || log.search !== '';
  return (
    <>
      <Filter log={log} />
      {records.length === 0 && <Empty title={isFiltered ? trans.__('No record fits.') : trans.__('The log is empty so far.')} />}
      {log.truncated && <p className="jp-Studio-muted">{trans.__('The beginning is left out.')}</p>}
      {records.length > 0 && (
        <div
          ref={list}
          className="jp-Studio-log"
          role="log"
          tabIndex={0}
          aria-label={trans.__('Log')}
          aria-live="off"
          onScroll={event => {
            const { scrollHeight, scrollTop, clientHeight } = event.currentTarget;
            isAtEnd.current = scrollHeight - scrollTop - clientHeight < NEAR;
          }}
        >
          {records.map(record => (
            <Row key={record.offset} record={record} />
          ))}
        </div>
      )}
    </>
  );
}

function Filter({ log }: { log: LogModel }): ReactElement {
  const [text, setText] = useState(log.search);
  useEffect(() => {
    if (text !== log.search) {
      const timer = window.setTimeout(() => log.filter(log.level, text), TYPING);
      return () => window.clearTimeout(timer);
    }
    return undefined;
  }, [log, text]);
  return (
    <div className="jp-Studio-logFilter">
      <select
        aria-label={trans.__('Lowest level')}
        value={log.level}
        onChange={event => log.filter(event.target.value as LogLevel, text)}
      >
        {LEVELS.map(level => (
          <option key={level} value={level}>
            {level === 'DEBUG' ? trans.__('All levels') : trans.__('%1%2 and above', level[0], level.slice(1).toLowerCase())}
          </option>
        ))}
      </select>
      <input
        type="search"
        aria-label={trans.__('Search the log')}
        placeholder={trans.__('Search the log')}
        value={text}
        onChange={event => setText(event.target.value)}
      />
    </div>
  );
}

const Row = memo(function Row({ record }: { record: LogRecord }): ReactElement {
  const moment = record.time === null ? null : new Date(record.time * 1000);
  return (
    <div className={`jp-Studio-logRecord jp-mod-${record.level.toLowerCase()}`}>
      <span className="jp-Studio-logHead" title={moment === null ? record.source : `${moment.toISOString()}`}>
        {moment === null ? '' : CLOCK.format(moment)} {record.level} {record.source}{' '}
      </span>
      {withoutAnsi(record.text)}
    </div>
  );
});
