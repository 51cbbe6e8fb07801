import type { ReactElement, ReactNode } from 'react';

import type { DagModel } from '../models/dag';
import { trans } from '../trans';
import { Words } from './Words';

export interface ICellFrameProps {
  /** The DAG. */
  title: string;
  /** What is shown of it. */
  what: string;
  /** How it is, beside the title. */
  note?: ReactNode;
  /** Buttons at the right. */
  tools?: ReactNode;
  children: ReactNode;
}

/** A view in the output of a cell: a headline and what belongs to it. */
export function CellFrame({ title, what, note, tools, children }: ICellFrameProps): ReactElement {
  return (
    <section className="jp-Studio-cellView" aria-label={`${title}, ${what}`}>
      <header className="jp-Studio-cellHeader">
        <b title={title}>{title}</b>
        {what !== '' && <span className="jp-Studio-muted">{what}</span>}
        {note}
        <span className="jp-Studio-space" />
        {tools}
      </header>
      {children}
    </section>
  );
}

/** Whether what is shown is current, in a word; nothing while all is well. */
export function DagPhaseNote({ dag }: { dag: DagModel }): ReactElement | null {
  if (dag.phase === 'missing') {
    return (
      <span className="jp-Studio-muted">
        <Words text={trans.__('not on the server: `dag.publish()` hands it over')} />
      </span>
    );
  }
  return dag.phase === 'offline' ? (
    <span className="jp-Studio-muted" title={[dag.error?.message, dag.error?.hint].filter(Boolean).join(' ')}>
      {trans.__('not connected')}
    </span>
  ) : null;
}
