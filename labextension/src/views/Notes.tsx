import type { ReactElement, ReactNode } from 'react';

import type { StudioError } from '../api/errors';
import { trans } from '../trans';
import { Button, Glyph } from './Glyph';

/** Nothing is here yet; the children say what to do next. */
export function Empty({ title, children }: { title: string; children?: ReactNode }): ReactElement {
  return (
    <div className="jp-Studio-empty">
      <p className="jp-Studio-emptyTitle">{title}</p>
      {children}
    </div>
  );
}

export function ErrorNote({ error, onRetry }: { error: StudioError; onRetry?: () => void }): ReactElement {
  return (
    <div className="jp-Studio-error" role="alert">
      <Glyph name="warning" />
      <div>
        <div>{error.message}</div>
        {error.hint !== null && <div className="jp-Studio-hint">{error.hint}</div>}
      </div>
      {onRetry !== undefined && (
        <Button glyph="again" title={trans.__('Try again')} onClick={onRetry}>
          {trans.__('Try again')}
        </Button>
      )}
    </div>
  );
}
