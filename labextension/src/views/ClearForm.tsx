import type { ReactElement } from 'react';
import { useState } from 'react';

import type { DagModel } from '../models/dag';
import { downstreamOf } from '../models/topology';
import { Button } from './Glyph';
import { counted } from './text';

export interface IClearFormProps {
  dag: DagModel;
  runId: string;
  taskId: string;
  onDone: () => void;
}

/** What clearing will run again is said before it is done. */
export function ClearForm({ dag, runId, taskId, onDone }: IClearFormProps): ReactElement {
  const [withDownstream, setWithDownstream] = useState(true);
  const later = downstreamOf(dag.nodes, [taskId]);
  const clear = (): void => {
    void dag.clear(runId, [taskId], withDownstream);
    onDone();
  };
  return (
    <div className="jp-Studio-form" role="group" aria-label="Run again">
      <p>
        Run <b>{taskId}</b> again
        {withDownstream &&
          later.length > 0 &&
          `, and ${counted(later.length, 'task')} after it: ${later.slice(0, 6).join(', ')}${later.length > 6 ? ', …' : ''}`}
        . Earlier tries are kept.
      </p>
      {later.length > 0 && (
        <label>
          <input type="checkbox" checked={withDownstream} onChange={event => setWithDownstream(event.target.checked)} />
          with the tasks after it
        </label>
      )}
      <div className="jp-Studio-actions">
        <Button primary title="Run again" onClick={clear}>
          Run again
        </Button>
        <Button title="Leave all as it is" onClick={onDone}>
          Leave
        </Button>
      </div>
    </div>
  );
}
