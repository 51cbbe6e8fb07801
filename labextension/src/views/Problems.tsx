import type { ReactElement } from 'react';

import type { CellProblem } from '../api/schema';
import type { CellsModel } from '../models/cells';
import { trans } from '../trans';
import { Glyph } from './Glyph';
import { useSignal } from './hooks';

/** What is wrong with a DAG of marked cells; each leads to its cell. */
export function Problems({ model }: { model: CellsModel }): ReactElement | null {
  useSignal(model.changed);
  const { problems, renamed } = model;
  if (problems.length === 0 && renamed === null) {
    return null;
  }
  return (
    <ul className="jp-Studio-problems" aria-label={trans.__('Problems')}>
      {renamed !== null && (
        <li className="jp-mod-warning">
          <Glyph name="warning" />
          <span>
            {trans.__('The DAG is called “%1” now. Run its %%dag cell again to follow it.', renamed)}
          </span>
        </li>
      )}
      {problems.map((problem, index) => (
        <li key={index} className={problem.severity === 'error' ? '' : 'jp-mod-warning'}>
          <Glyph name={problem.severity === 'error' ? 'close' : 'warning'} />
          {problem.cell !== null && model.canReveal ? (
            <button type="button" className="jp-Studio-problemLink" title={trans.__('Go to the cell')} onClick={() => model.reveal(problem)}>
              <Words problem={problem} />
            </button>
          ) : (
            <span>
              <Words problem={problem} />
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

function Words({ problem }: { problem: CellProblem }): ReactElement {
  const { task, message, hint, severity } = problem;
  return (
    <>
      <span className="jp-Studio-onlyHeard">{severity}: </span>
      {task !== null && !message.includes(`'${task}'`) && (
        <>
          <b>{task}</b>:{' '}
        </>
      )}
      {message}
      {hint !== '' && <span className="jp-Studio-muted"> {hint}</span>}
    </>
  );
}
