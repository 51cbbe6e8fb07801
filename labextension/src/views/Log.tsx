import type { ReactElement } from 'react';
import { useEffect, useLayoutEffect, useRef } from 'react';

import type { TaskModel } from '../models/task';
import { Empty } from './Notes';
import { withoutAnsi } from './text';

const NEAR = 24; // pixels from the end that still count as the end

/** The end of a task's log, kept current while it is looked at. */
export function Log({ model }: { model: TaskModel }): ReactElement {
  const pre = useRef<HTMLPreElement>(null);
  const isAtEnd = useRef(true);
  useEffect(() => {
    model.wantLog(true);
    return () => model.wantLog(false);
  }, [model]);
  const text = model.log?.text;
  useLayoutEffect(() => {
    if (pre.current !== null && isAtEnd.current) {
      pre.current.scrollTop = pre.current.scrollHeight;
    }
  }, [text]);
  if (model.log === null) {
    return <Empty title="Fetching the log…" />;
  }
  if (model.log.text === '') {
    return <Empty title="The log is empty so far." />;
  }
  return (
    <>
      {model.log.truncated && <p className="jp-Studio-muted">The beginning is left out.</p>}
      <pre
        ref={pre}
        className="jp-Studio-log"
        tabIndex={0}
        aria-label="Log"
        onScroll={event => {
          const { scrollHeight, scrollTop, clientHeight } = event.currentTarget;
          isAtEnd.current = scrollHeight - scrollTop - clientHeight < NEAR;
        }}
      >
        {withoutAnsi(model.log.text)}
      </pre>
    </>
  );
}
