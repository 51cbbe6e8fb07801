import type { ReactElement } from 'react';

import type { IHost } from '../host';
import { trans } from '../trans';
import { Button } from './Glyph';

/** Leads to what a guide says of a view; `topic` as in `IHost.openHelp`. */
export function HelpButton({ host, topic }: { host: IHost; topic: string }): ReactElement | null {
  if (!host.hasTabs) {
    return null;
  }
  return <Button glyph="help" title={trans.__('Help')} onClick={() => void host.openHelp(topic)} />;
}
