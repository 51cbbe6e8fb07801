import type { ReactElement, ReactNode } from 'react';

import type { IHost } from '../host';
import type { PartialPlace } from '../models/place';
import { Button, LinkButton } from './Glyph';

interface ITabLinkProps {
  host: IHost;
  title: string;
  to: PartialPlace;
}

/** Opens a DAG in a tab; nothing where there are no tabs. */
export function TabButton({ host, title, to }: ITabLinkProps): ReactElement | null {
  return host.hasTabs ? <Button glyph="open" title={title} onClick={() => void host.openPlace(to)} /> : null;
}

/** A name that leads to a tab; the name alone where there are no tabs. */
export function TabLink({ host, title, to, children }: ITabLinkProps & { children: ReactNode }): ReactElement {
  return host.hasTabs ? (
    <LinkButton title={title} onClick={() => void host.openPlace(to)}>
      {children}
    </LinkButton>
  ) : (
    <>{children}</>
  );
}
