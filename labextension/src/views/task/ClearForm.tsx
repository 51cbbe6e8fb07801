import type { FormEvent, ReactElement } from 'react';
import { useEffect, useRef, useState } from 'react';

import type { IStudioClient } from '../../api/client';
import type { StudioError } from '../../api/errors';
import { asStudioError } from '../../api/errors';
import type { ClearRuns } from '../../api/schema';
import type { DagModel } from '../../models/dag';
import { ParamsModel } from '../../models/params';
import { trans } from '../../trans';
import { Button } from '../Glyph';
import { useFetched, useFormKeys, useSignal } from '../hooks';
import { ErrorNote } from '../Notes';
import { focusField, ParamsFields } from '../params/ParamsFields';
import { ChosenTasks } from './ChosenTasks';

type Scope = 'upstream' | 'downstream' | 'past' | 'future' | 'only_failed';

const scopeWords = (): readonly (readonly [Scope, string])[] => [
  ['downstream', trans.__('with the tasks after it')],
  ['upstream', trans.__('with the tasks before it')],
  ['past', trans.__('in earlier runs, too')],
  ['future', trans.__('in later runs, too')],
  ['only_failed', trans.__('only what has failed')]
];

export interface IClearFormProps {
  client: IStudioClient;
  dag: DagModel;
  runId: string;
  taskId: string;
  /** Of one instance of a mapped task; null: all of them. */
  mapIndex: number | null;
  /** Ask for other params, too. */
  isWithParams: boolean;
  onDone: () => void;
}

/** What clearing will run again is said before it is done. */
export function ClearForm(props: IClearFormProps): ReactElement {
  const { client, dag, runId, taskId, mapIndex, isWithParams, onDone } = props;
  const form = useRef<HTMLFormElement>(null);
  const [scopes, setScopes] = useState<ReadonlySet<Scope>>(new Set(['downstream'] as const));
  const [isAllIndexes, setAllIndexes] = useState(mapIndex === null);
  const [error, setError] = useState<StudioError | null>(null);
  const [params] = useState(() => new ParamsModel(dag.run?.summary.params ?? {}));
  const { spec } = dag;
  useEffect(() => params.load({ ...spec?.params }, spec?.param_schemas ?? {}), [params, spec]);
  useSignal(params.changed);
  const onKeyDown = useFormKeys(form, onDone);
  const body: ClearRuns = {
    run_ids: [runId],
    task_ids: [taskId],
    map_index: isAllIndexes ? null : mapIndex,
    downstream: scopes.has('downstream'),
    upstream: scopes.has('upstream'),
    past: scopes.has('past'),
    future: scopes.has('future'),
    only_failed: scopes.has('only_failed')
  };
  const path = { dag_id: dag.dagId };
  const preview = useFetched(
    () => client.call('clear_runs', { path, body: { ...body, dry_run: true } }),
    [client, dag.dagId, JSON.stringify(body)]
  );
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const wrong = isWithParams ? params.attempt() : null;
    if (wrong !== null) {
      focusField(form.current, wrong);
      return;
    }
    const given = isWithParams ? { params: params.changes() } : {};
    client.call('clear_runs', { path, body: { ...body, ...given } }).then(onDone, (reason: unknown) => {
      const said = asStudioError(reason);
      if (params.refuse(said)) {
        focusField(form.current, said.field?.replace('params.', '') ?? '');
      } else {
        setError(said);
      }
    });
  };
  const toggle = (scope: Scope, isOn: boolean): void => {
    const next = new Set(scopes);
    if (isOn) {
      next.add(scope);
    } else {
      next.delete(scope);
    }
    setScopes(next);
  };
  return (
    <form
      className="jp-Studio-form"
      aria-label={trans.__('Run again')}
      data-lm-suppress-shortcuts="true"
      ref={form}
      noValidate
      onSubmit={submit}
      onKeyDown={onKeyDown}
    >
      <div className="jp-Studio-checks">
        {mapIndex !== null && (
          <label>
            <input type="checkbox" checked={isAllIndexes} onChange={event => setAllIndexes(event.target.checked)} />
            {trans.__('all instances')}
          </label>
        )}
        {scopeWords().map(([scope, words]) => (
          <label key={scope}>
            <input type="checkbox" checked={scopes.has(scope)} onChange={event => toggle(scope, event.target.checked)} />
            {words}
          </label>
        ))}
      </div>
      {isWithParams && (
        <>
          {params.fields.length === 0 && <p className="jp-Studio-muted">{trans.__('The DAG has no params that could be changed.')}</p>}
          <ParamsFields model={params} />
        </>
      )}
      <ChosenTasks
        preview={preview}
        tasks={preview.value?.tasks ?? []}
        count={preview.value?.cleared ?? 0}
        words={count => trans.__('%1 will run again. Earlier tries are kept.', count)}
        none={trans.__('Nothing would run again.')}
      />
      {error !== null && <ErrorNote error={error} />}
      <div className="jp-Studio-actions">
        <button
          type="submit"
          className="jp-Studio-button jp-mod-primary"
          title={trans.__('Run again')}
          disabled={(preview.value?.cleared ?? 0) === 0}
        >
          {trans.__('Run again')}
        </button>
        <Button title={trans.__('Leave all as it is')} onClick={onDone}>
          {trans.__('Leave')}
        </Button>
      </div>
    </form>
  );
}
