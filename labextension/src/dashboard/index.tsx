/** The dashboard: the views of the studio in a page of their own. Composition happens here. */
import { createRoot } from 'react-dom/client';

import { StudioClient } from '../api/client';
import { StudioStream } from '../api/stream';
import { PageHost } from '../host/page';
import { LayoutEngine } from '../layout/engine';
import type { IStudio } from '../tokens';
import { Shell } from './Shell';

const root = document.getElementById('studio');
if (root !== null) {
  const base = location.pathname.replace(/[^/]*$/, '');
  // The server then says how to log in.
  const host = new PageHost({ base, onLoggedOut: () => location.reload() });
  const studio: IStudio = {
    host,
    client: new StudioClient({ host }),
    stream: new StudioStream({ host }),
    engine: new LayoutEngine(() => Promise.resolve(new Worker(`${base}assets/layout.js`)))
  };
  createRoot(root).render(<Shell studio={studio} />);
}
