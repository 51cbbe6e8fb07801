import type { ReactElement } from 'react';

import type { StreamStatus } from '../api/stream';
import type { IStudio } from '../tokens';
import { trans } from '../trans';
import { useSignal } from '../views/hooks';
import { Approvals } from '../views/admin/Approvals';
import { Assets } from '../views/admin/Assets';
import { Audit } from '../views/admin/Audit';
import { Backfills } from '../views/admin/Backfills';
import { Connections } from '../views/admin/Connections';
import { DagTable } from '../views/admin/DagTable';
import { Overview } from '../views/admin/Overview';
import { Pools } from '../views/admin/Pools';
import { Button } from '../views/Glyph';
import { RunsPage } from '../views/admin/RunsPage';
import { Variables } from '../views/admin/Variables';
import type { PageName } from './address';
import { PAGES, readAddress, useHash } from './address';
import { DagRoute } from './DagRoute';
import type { Theme } from './theme';
import { THEMES, useTheme } from './theme';

interface IPage {
  readonly label: string;
  readonly View: (props: { studio: IStudio }) => ReactElement;
}

const views = (): Readonly<Record<PageName, IPage>> => ({
  overview: { label: trans.__('Overview'), View: Overview },
  dags: { label: trans.__('DAGs'), View: DagTable },
  runs: { label: trans.__('Runs'), View: RunsPage },
  backfills: { label: trans.__('Backfills'), View: Backfills },
  approvals: { label: trans.__('Approvals'), View: Approvals },
  assets: { label: trans.__('Assets'), View: Assets },
  pools: { label: trans.__('Pools'), View: Pools },
  variables: { label: trans.__('Variables'), View: Variables },
  connections: { label: trans.__('Connections'), View: Connections },
  audit: { label: trans.__('Audit'), View: Audit }
});

/** The frame around every page: where one can go, and whether the server is heard of. */
export function Shell({ studio }: { studio: IStudio }): ReactElement {
  const { page, place } = readAddress(useHash());
  const { label, View } = views()[page];
  return (
    <div className="jp-Studio jp-Studio-shell">
      <a className="jp-Studio-skip" href={location.hash} onClick={event => skip(event.currentTarget)}>
        {trans.__('To the content')}
      </a>
      <nav className="jp-Studio-menu" aria-label={trans.__('Pipeline Studio')}>
        <h1>{trans.__('Pipeline Studio')}</h1>
        <ul>
          {PAGES.map(name => (
            <li key={name}>
              <a href={`#/${name}`} aria-current={name === page ? 'page' : undefined}>
                {views()[name].label}
              </a>
            </li>
          ))}
        </ul>
        <span className="jp-Studio-space" />
        <Connection studio={studio} />
        <ThemeChoice />
        <Button title={trans.__('Help with what is shown')} onClick={() => void studio.host.openHelp(place === null ? `dashboard#${page}` : `panels#${place.tab}`)}>
          {trans.__('Help')}
        </Button>
        {canLogOut() && (
          <Button title={trans.__('Log out of this browser')} onClick={() => void logOut(studio)}>
            {trans.__('Log out')}
          </Button>
        )}
      </nav>
      <main className="jp-Studio-content" tabIndex={-1} aria-label={place === null ? label : place.dagId}>
        {place === null ? <View studio={studio} /> : <DagRoute key={place.dagId} place={place} studio={studio} />}
      </main>
    </div>
  );
}

/** Behind Jupyter, its own login counts. */
function canLogOut(): boolean {
  return location.pathname === '/';
}

async function logOut({ host }: IStudio): Promise<void> {
  await host.request('/logout', { method: 'POST' });
  location.reload();
}

/** Not by the address, which names what is shown. */
function skip(link: HTMLElement): void {
  link.parentElement?.querySelector('main')?.focus();
}

const words = (): Readonly<Record<StreamStatus, string>> => ({
  idle: trans.__('not connected'),
  connecting: trans.__('connecting…'),
  open: trans.__('live'),
  waiting: trans.__('connection lost; it is tried again')
});

function Connection({ studio: { stream } }: { studio: IStudio }): ReactElement {
  useSignal(stream.statusChanged);
  return (
    <span className={`jp-Studio-connection jp-mod-${stream.status}`} role="status">
      {words()[stream.status]}
    </span>
  );
}

const themeNames = (): Readonly<Record<Theme, string>> => ({
  system: trans.__('system'),
  light: trans.__('light'),
  dark: trans.__('dark')
});

function ThemeChoice(): ReactElement {
  const [theme, setTheme] = useTheme();
  return (
    <label className="jp-Studio-picker">
      {trans.__('Theme')}
      <select value={theme} onChange={event => setTheme(event.target.value as Theme)}>
        {THEMES.map(name => (
          <option key={name} value={name}>
            {themeNames()[name]}
          </option>
        ))}
      </select>
    </label>
  );
}
