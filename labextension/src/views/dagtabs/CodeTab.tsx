import type { ReactElement } from 'react';
import { useState } from 'react';

import type { IStudioClient } from '../../api/client';
import type { VersionSummary } from '../../api/schema';
import type { IPartDiff } from '../../models/codediff';
import { diffOf, partsOf } from '../../models/codediff';
import type { DagPageModel } from '../../models/dagpage';
import type { IStudio } from '../../tokens';
import { trans } from '../../trans';
import { Diff } from '../Diff';
import { useFetched, useSignal } from '../hooks';
import { Empty, ErrorNote } from '../Notes';
import { counted } from '../text';
import { Moment } from '../Times';

const SHORT = 8; // characters of a version that are shown

/** The versions of the DAG: what each consists of, and what changed from one to another. */
export function CodeTab({ model, studio }: { model: DagPageModel; studio: IStudio }): ReactElement {
  const { dag } = model;
  useSignal(dag.changed);
  const { client } = studio;
  const path = { dag_id: dag.dagId };
  const versions = useFetched(() => client.call('list_versions', { path }), [client, dag.dagId, dag.dag?.version]);
  const [chosen, setChosen] = useState<string | null>(null);
  const [base, setBase] = useState<string | null>(null);
  if (versions.value === null) {
    return versions.error === null ? (
      <Empty title={trans.__('Fetching the versions…')} />
    ) : (
      <ErrorNote error={versions.error} onRetry={versions.again} />
    );
  }
  const listed = versions.value.versions;
  const shown = listed.find(({ version }) => version === chosen) ?? listed.find(({ current }) => current) ?? listed[0];
  if (shown === undefined) {
    return <Empty title={trans.__('The DAG has no version.')} />;
  }
  return (
    <div className="jp-Studio-sides">
      <nav className="jp-Studio-side" aria-label={trans.__('Versions')}>
        <ul>
          {listed.map(version => (
            <Version
              key={version.version}
              version={version}
              isShown={version === shown}
              onShow={() => setChosen(version.version)}
            />
          ))}
        </ul>
      </nav>
      <div className="jp-Studio-main">
        <div className="jp-Studio-mainTools">
          <label>
            {trans.__('Compare with')}{' '}
            <select value={base ?? ''} onChange={event => setBase(event.target.value === '' ? null : event.target.value)}>
              <option value="">{trans.__('nothing: show the code')}</option>
              {listed
                .filter(({ version }) => version !== shown.version)
                .map(({ version, created_at: at }) => (
                  <option key={version} value={version}>
                    {trans.__('%1 of %2', version.slice(0, SHORT), new Date(at).toLocaleString())}
                  </option>
                ))}
            </select>
          </label>
          {listed.length === 1 && <span className="jp-Studio-muted">{trans.__('There is only this version.')}</span>}
        </div>
        {base === null || base === shown.version ? (
          <Code key={shown.version} client={client} dagId={dag.dagId} version={shown.version} />
        ) : (
          <Comparison
            key={`${base} ${shown.version}`}
            client={client}
            dagId={dag.dagId}
            before={base}
            after={shown.version}
          />
        )}
      </div>
    </div>
  );
}

function Version(props: { version: VersionSummary; isShown: boolean; onShow: () => void }): ReactElement {
  const { version, isShown, onShow } = props;
  return (
    <li>
      <button type="button" className="jp-Studio-sideRow" aria-current={isShown} title={version.version} onClick={onShow}>
        <span>
          <code>{version.version.slice(0, SHORT)}</code>
          {version.current && <span className="jp-Studio-tag">{trans.__('current')}</span>}
        </span>
        <span className="jp-Studio-muted">
          <Moment time={version.created_at} />
          {` · ${counted(version.runs, 'run')}`}
        </span>
      </button>
    </li>
  );
}

interface ICodeProps {
  client: IStudioClient;
  dagId: string;
  version: string;
}

function Code({ client, dagId, version }: ICodeProps): ReactElement {
  const code = useFetched(() => client.call('get_code', { path: { dag_id: dagId, version } }), [client, dagId, version]);
  if (code.value === null) {
    return code.error === null ? <Empty title={trans.__('Fetching the code…')} /> : <ErrorNote error={code.error} onRetry={code.again} />;
  }
  const parts = partsOf(code.value);
  return (
    <div className="jp-Studio-parts">
      {parts.map(part => (
        <details key={part.taskId} open={part.code !== '' && parts.length <= 12}>
          <summary>
            <b>{part.title}</b> <span className="jp-Studio-muted">{part.where}</span>
          </summary>
          <pre className="jp-Studio-settings">{part.settings}</pre>
          {part.code !== '' && <pre className="jp-Studio-code">{part.code}</pre>}
        </details>
      ))}
    </div>
  );
}

function Comparison(props: { client: IStudioClient; dagId: string; before: string; after: string }): ReactElement {
  const { client, dagId, before, after } = props;
  const call = (version: string): ReturnType<typeof client.call<'get_code'>> =>
    client.call('get_code', { path: { dag_id: dagId, version } });
  const diff = useFetched(
    async () => diffOf(...(await Promise.all([call(before), call(after)]))),
    [client, dagId, before, after]
  );
  if (diff.value === null) {
    return diff.error === null ? <Empty title={trans.__('Comparing…')} /> : <ErrorNote error={diff.error} onRetry={diff.again} />;
  }
  if (diff.value.length === 0) {
    return <Empty title={trans.__('Both consist of the same text.')} />;
  }
  return (
    <div className="jp-Studio-parts">
      {diff.value.map(part => (
        <PartDiff key={part.title} part={part} />
      ))}
    </div>
  );
}

function PartDiff({ part }: { part: IPartDiff }): ReactElement {
  return (
    <details open>
      <summary>
        <b>{part.title}</b> <span className="jp-Studio-muted">{changeWords()[part.change]}</span>
      </summary>
      <Diff lines={part.lines} label={trans.__('What changed in %1', part.title)} />
    </details>
  );
}

const changeWords = (): Readonly<Record<IPartDiff['change'], string>> => ({
  added: trans.__('added'),
  removed: trans.__('removed'),
  changed: trans.__('changed')
});
