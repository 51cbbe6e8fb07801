import type { ReactElement, ReactNode } from 'react';
import { useId } from 'react';

/** A line of the form. */
export function Field({ name, help, children }: { name: string; help?: string; children: ReactNode }): ReactElement {
  const id = useId();
  return (
    <div className="jp-Studio-field" role="group" aria-labelledby={id}>
      <span className="jp-Studio-fieldName" id={id}>
        {name}
      </span>
      <div className="jp-Studio-fieldBody">
        <div className="jp-Studio-fieldLine">{children}</div>
        {help !== undefined && <div className="jp-Studio-fieldHelp">{help}</div>}
      </div>
    </div>
  );
}
