import type { ReactElement } from 'react';
import { useLayoutEffect, useRef } from 'react';

import type { IHost, IOutputsView, Output } from '../host';

/** nbformat outputs, drawn by the host; they grow in place. */
export function Outputs({ host, outputs }: { host: IHost; outputs: readonly Output[] }): ReactElement {
  const node = useRef<HTMLDivElement>(null);
  const view = useRef<IOutputsView | null>(null);
  const latest = useRef(outputs);
  latest.current = outputs;
  // Layout effects: the host's widgets are taken out while their node is still in the document.
  useLayoutEffect(() => {
    if (node.current === null) {
      return;
    }
    const made = host.renderOutputs(node.current, latest.current);
    view.current = made;
    return () => {
      view.current = null;
      made.dispose();
    };
  }, [host]);
  useLayoutEffect(() => view.current?.set(outputs), [outputs]);
  return <div ref={node} className="jp-Studio-outputs" />;
}
