import type { ReactElement } from 'react';
import { useState } from 'react';

import type { IStudioClient } from '../../api/client';
import type { StudioError } from '../../api/errors';
import { asStudioError } from '../../api/errors';
import type { AssetInfo, AssetTask } from '../../api/schema';
import type { IStudio } from '../../tokens';
import { trans } from '../../trans';
import { Button } from '../Glyph';
import { useFetched, useRenewed } from '../hooks';
import { Empty, ErrorNote } from '../Notes';
import { TabLink } from '../TabLinks';
import { Relative } from '../Times';
import { Words } from '../Words';

const EVENTS = 20;

/** What tasks make, who makes it, and who waits for it. */
export function Assets({ studio }: { studio: IStudio }): ReactElement {
  const { client } = studio;
  const assets = useFetched(() => client.call('list_assets', { path: {} }).then(found => found.assets), [client]);
  useRenewed(studio.stream, assets.again);
  const [chosen, setChosen] = useState<string | null>(null);
  const shown = assets.value?.find(asset => asset.name === chosen) ?? assets.value?.[0];
  if (assets.value?.length === 0) {
    return (
      <div className="jp-Studio-main">
        <h2>{trans.__('Assets')}</h2>
        <Empty title={trans.__('There are no assets yet.')}>
          <p>
            <Words text={trans.__('A task that names one in `outlets=` makes it; a DAG that names it in `schedule=` waits for it.')} />
          </p>
        </Empty>
      </div>
    );
  }
  return (
    <div className="jp-Studio-sides">
      <nav className="jp-Studio-side" aria-label={trans.__('Assets')}>
        <h2>{trans.__('Assets')}</h2>
        <ul>
          {assets.value?.map(asset => (
            <li key={asset.name}>
              <button
                type="button"
                className="jp-Studio-sideRow"
                aria-current={asset === shown}
                title={asset.uri}
                onClick={() => setChosen(asset.name)}
              >
                <span>{asset.name}</span>
                <span className="jp-Studio-muted">{asset.group}</span>
              </button>
            </li>
          ))}
        </ul>
      </nav>
      {assets.error !== null && <ErrorNote error={assets.error} onRetry={assets.again} />}
      {shown !== undefined && <Asset key={shown.name} asset={shown} studio={studio} />}
    </div>
  );
}

function Asset({ asset, studio }: { asset: AssetInfo; studio: IStudio }): ReactElement {
  const { client } = studio;
  const [error, setError] = useState<StudioError | null>(null);
  const [done, setDone] = useState<string | null>(null);
  const events = useFetched(
    () => client.call('list_asset_events', { path: {}, query: { asset: asset.name, limit: EVENTS } }),
    [client, asset.name, done]
  );
  const act = (action: Promise<string>): void => {
    setError(null);
    action.then(
      words => setDone(`${words} (${new Date().toLocaleTimeString()})`),
      (reason: unknown) => setError(asStudioError(reason))
    );
  };
  return (
    <div className="jp-Studio-main">
      <div className="jp-Studio-mainTools">
        <h2>{asset.name}</h2>
        <span className="jp-Studio-space" />
        <Button title={trans.__('Say that it was made anew: DAGs that wait for it are told')} onClick={() => act(emit(client, asset.name))}>
          {trans.__('Emit an event')}
        </Button>
        <Button
          primary
          title={asset.producers.length === 0 ? trans.__('No task makes it') : trans.__('Run the DAG whose task makes it')}
          disabled={asset.producers.length === 0}
          onClick={() => act(materialize(client, asset.name))}
        >
          {trans.__('Materialize')}
        </Button>
      </div>
      {asset.uri !== '' && <p className="jp-Studio-muted">{asset.uri}</p>}
      {error !== null && <ErrorNote error={error} />}
      {done !== null && <p role="status">{done}</p>}
      <Tasks title={trans.__('Made by')} tasks={asset.producers} studio={studio} />
      <Tasks title={trans.__('Read by')} tasks={asset.readers} studio={studio} />
      <Tasks title={trans.__('Starts')} tasks={asset.consumers.map(dag_id => ({ dag_id, task_id: '' }))} studio={studio} />
      <h3>{trans.__('Events')}</h3>
      {events.error !== null && <ErrorNote error={events.error} onRetry={events.again} />}
      {events.value?.events.length === 0 && <p className="jp-Studio-muted">{trans.__('It was never made so far.')}</p>}
      <ul className="jp-Studio-plainList">
        {events.value?.events.map(event => (
          <li key={event.id}>
            <Relative time={event.at} />{' '}
            {event.dag_id === '' ? (
              <span className="jp-Studio-muted">{trans.__('by %1', event.actor)}</span>
            ) : (
              <TabLink
                host={studio.host}
                title={trans.__('Open the run that made it')}
                to={{ dagId: event.dag_id, runId: event.run_id, taskId: event.task_id }}
              >
                {`${event.dag_id} / ${event.task_id}`}
              </TabLink>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Tasks({ title, tasks, studio }: { title: string; tasks: readonly AssetTask[]; studio: IStudio }): ReactElement | null {
  return tasks.length === 0 ? null : (
    <>
      <h3>{title}</h3>
      <ul className="jp-Studio-plainList">
        {tasks.map(({ dag_id: dagId, task_id: taskId }) => (
          <li key={`${dagId}/${taskId}`}>
            <TabLink host={studio.host} title={trans.__('Open %1', dagId)} to={{ dagId, taskId: taskId === '' ? null : taskId }}>
              {taskId === '' ? dagId : `${dagId} / ${taskId}`}
            </TabLink>
          </li>
        ))}
      </ul>
    </>
  );
}

async function emit(client: IStudioClient, asset: string): Promise<string> {
  const { dags } = await client.call('emit_event', { path: {}, body: { asset } });
  return dags.length === 0 ? trans.__('Noted. No DAG waits for it.') : trans.__('Noted. %1 heard of it.', dags.join(', '));
}

async function materialize(client: IStudioClient, asset: string): Promise<string> {
  const { run } = await client.call('materialize', { path: {}, body: { asset } });
  return trans.__('%1 runs: %2.', run.dag_id, run.run_id);
}
