import type { FormEvent, ReactElement } from 'react';
import { useEffect, useId, useState } from 'react';

import type { AuditEntry, AuditPage } from '../../api/schema';
import type { IStudio } from '../../tokens';
import { trans } from '../../trans';
import { Button } from '../Glyph';
import { useFetched, useRenewed } from '../hooks';
import { Empty, ErrorNote } from '../Notes';
import { dateText } from '../text';
import { TabLink } from '../TabLinks';
import { Moment } from '../Times';

const PAGE = 100;

/** Who asked for what, and what came of it. */
export function Audit({ studio }: { studio: IStudio }): ReactElement {
  const { client } = studio;
  const [pages, setPages] = useState(1);
  const [actor, setActor] = useState('');
  const [typed, setTyped] = useState('');
  const options = useId();
  const audit = useFetched(async () => {
    const entries: AuditEntry[] = [];
    let page: AuditPage | null = null;
    for (let count = 0; count < pages && (page === null || page.next !== null); count += 1) {
      const query: { limit: number; actor?: string; before?: string } = { limit: PAGE };
      if (actor !== '') {
        query.actor = actor;
      }
      if (page?.next != null) {
        query.before = page.next;
      }
      page = await client.call('list_audit', { path: {}, query });
      entries.push(...page.entries);
    }
    return { entries, hasMore: page?.next != null };
  }, [client, pages, actor]);
  useRenewed(studio.stream, audit.again);
  const found = audit.value;
  // Who has been seen stays, also while only one is shown.
  const [known, setKnown] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => {
    setKnown(before => new Set([...before, ...(found?.entries.map(entry => entry.actor) ?? [])].sort()));
  }, [found]);
  const choose = (name: string): void => {
    setPages(1);
    setActor(name);
  };
  const filter = (event: FormEvent): void => {
    event.preventDefault();
    choose(typed.trim());
  };
  return (
    <div className="jp-Studio-main">
      <header className="jp-Studio-mainTools">
        <h2>{trans.__('Audit')}</h2>
        <span className="jp-Studio-space" />
        <form role="search" onSubmit={filter}>
          <label className="jp-Studio-picker">
            {trans.__('Who')}
            <input
              type="search"
              value={typed}
              placeholder={trans.__('everybody')}
              list={options}
              onChange={event => {
                setTyped(event.target.value);
                // One of the names, or nobody in particular: no need to press Enter.
                if (event.target.value === '' || known.has(event.target.value)) {
                  choose(event.target.value);
                }
              }}
            />
          </label>
          <datalist id={options}>
            {[...known].map(name => (
              <option key={name} value={name} />
            ))}
          </datalist>
        </form>
        <Button glyph="again" title={trans.__('Fetch what came since')} onClick={audit.again}>
          {trans.__('Refresh')}
        </Button>
      </header>
      <p className="jp-Studio-muted">
        {trans.__(
          'What people and DAG files asked of DAGs, runs, pools, assets, variables and connections. Values of variables and connections are not kept here.'
        )}
      </p>
      {audit.error !== null && <ErrorNote error={audit.error} onRetry={audit.again} />}
      {found === null ? (
        audit.error === null && <Empty title={trans.__('Fetching…')} />
      ) : found.entries.length === 0 ? (
        <Empty title={actor === '' ? trans.__('Nobody asked for anything yet.') : trans.__('%1 asked for nothing.', actor)} />
      ) : (
        <>
          <div className="jp-Studio-tableFrame">
            <table className="jp-Studio-runTable jp-mod-wide">
              <thead>
                <tr>
                  <th scope="col">{trans.__('When')}</th>
                  <th scope="col">{trans.__('Who')}</th>
                  <th scope="col">{trans.__('Action')}</th>
                  <th scope="col">{trans.__('DAG')}</th>
                  <th scope="col">{trans.__('About')}</th>
                  <th scope="col">{trans.__('Outcome')}</th>
                </tr>
              </thead>
              <tbody>
                {found.entries.map(entry => (
                  <tr key={entry.id}>
                    <td>
                      <Moment time={entry.at} />
                    </td>
                    <td>{entry.actor}</td>
                    <td>{entry.action.replace(/_/g, ' ')}</td>
                    <td>
                      {entry.dag_id !== '' && (
                        <TabLink host={studio.host} title={trans.__('Open %1', entry.dag_id)} to={placeOfEntry(entry)}>
                          {entry.dag_id}
                        </TabLink>
                      )}
                    </td>
                    <td className="jp-Studio-muted jp-mod-long">{wordsOf(entry)}</td>
                    <td className="jp-mod-long">{entry.error ?? entry.state}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          {found.hasMore && (
            <Button title={trans.__('Show earlier ones')} onClick={() => setPages(pages + 1)}>
              {trans.__('Earlier')}
            </Button>
          )}
        </>
      )}
    </div>
  );
}

function placeOfEntry({ dag_id: dagId, about }: AuditEntry): { dagId: string; runId?: string } {
  const run = about['run_id'];
  return typeof run === 'string' ? { dagId, runId: run } : { dagId };
}

function wordsOf({ about }: AuditEntry): string {
  return Object.entries(about)
    .filter(([, value]) => value !== null && value !== false && value !== '')
    .map(([name, value]) => `${name.replace(/_/g, ' ')}: ${textOf(name, value)}`)
    .join(' · ');
}

/** Dates are kept as seconds since 1970. */
function textOf(name: string, value: unknown): string {
  if (typeof value === 'number' && /_(date|after|at)$/.test(name)) {
    return dateText(new Date(value * 1000).toISOString(), 'UTC');
  }
  return typeof value === 'string' ? value : Array.isArray(value) ? value.join(', ') : JSON.stringify(value);
}
