import { Token } from '@lumino/coreutils';

import type { IStudioClient } from './api/client';
import type { IStudioStream } from './api/stream';
import type { IHost } from './host';
import type { ILayoutEngine } from './layout/engine';

/** The studio server as the page sees it, and what draws it: shared by all plugins and views. */
export interface IStudio {
  readonly client: IStudioClient;
  readonly stream: IStudioStream;
  readonly host: IHost;
  readonly engine: ILayoutEngine;
}

export const IStudio = new Token<IStudio>(
  'pipeline-studio:IStudio',
  'The studio server: API client, stream of events, host.'
);
