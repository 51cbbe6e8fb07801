import type { FormEvent, ReactElement, ReactNode } from 'react';
import { Fragment, useId, useRef, useState } from 'react';

import { asStudioError, StudioError } from '../../api/errors';
import type { Uses as UsesFound } from '../../api/schema';
import type { IHost } from '../../host';
import { trans } from '../../trans';
import type { IFetched } from '../hooks';
import { useFormKeys } from '../hooks';
import { Button } from '../Glyph';
import { Empty, ErrorNote } from '../Notes';
import { Uses } from './Uses';

export interface IColumn<T> {
  readonly name: string;
  readonly cell: (record: T) => ReactNode;
}

export interface IRecordsProps<T> {
  title: string;
  /** What these are for. */
  about: string;
  fetched: IFetched<readonly T[]>;
  nameOf: (record: T) => string;
  columns: readonly IColumn<T>[];
  /** What deleting one means, to be said before; null: it cannot be deleted. */
  deletion: (record: T) => string | null;
  onDelete: (record: T) => Promise<unknown>;
  /** Who would miss it. */
  usesOf: (record: T) => Promise<UsesFound>;
  host: IHost;
  /** The fields of a form for a record, or with null for a new one. Called, not made an element of: what was typed stays when the list is asked again. */
  form: (props: { record: T | null; onDone: () => void; onConflict: () => void; onLeave: () => void }) => ReactElement;
}

/** Named records of which a studio has a few: listed, made, changed, deleted. */
export function Records<T>(props: IRecordsProps<T>): ReactElement {
  const { title, about, fetched, nameOf, columns, deletion, onDelete, usesOf, host, form } = props;
  const [edited, setEdited] = useState<T | 'new' | null>(null);
  const [asked, setAsked] = useState<T | null>(null);
  const [error, setError] = useState<StudioError | null>(null);
  const done = (): void => {
    setEdited(null);
    setAsked(null);
    setError(null);
    fetched.again();
  };
  const records = fetched.value;
  return (
    <div className="jp-Studio-main">
      <header className="jp-Studio-mainTools">
        <h2>{title}</h2>
        <span className="jp-Studio-space" />
        <Button glyph="plus" title={trans.__('Make one of the %1…', title.toLowerCase())} pressed={edited === 'new'} onClick={() => setEdited('new')}>
          {trans.__('New')}
        </Button>
      </header>
      <p className="jp-Studio-muted">{about}</p>
      {fetched.error !== null && <ErrorNote error={fetched.error} onRetry={fetched.again} />}
      {error !== null && <ErrorNote error={error} />}
      {edited !== null && (
        <Fragment key={edited === 'new' ? '' : nameOf(edited)}>
          {form({ record: edited === 'new' ? null : edited, onDone: done, onConflict: fetched.again, onLeave: () => setEdited(null) })}
        </Fragment>
      )}
      {asked !== null && (
        <div className="jp-Studio-form" role="group" aria-label={trans.__('Delete %1', nameOf(asked))}>
          <p>{deletion(asked)}</p>
          <Uses key={nameOf(asked)} host={host} find={() => usesOf(asked)} />
          <div className="jp-Studio-actions">
            <Button
              title={trans.__('Delete %1', nameOf(asked))}
              onClick={() => void onDelete(asked).then(done, (reason: unknown) => setError(asStudioError(reason)))}
            >
              {trans.__('Delete for good')}
            </Button>
            <Button title={trans.__('Leave all as it is')} onClick={() => setAsked(null)}>
              {trans.__('Leave')}
            </Button>
          </div>
        </div>
      )}
      {records === null ? (
        fetched.error === null && <Empty title={trans.__('Fetching…')} />
      ) : records.length === 0 ? (
        <Empty title={trans.__('There are no %1 yet.', title.toLowerCase())}>
          <p>{trans.__('“New”, at the top, makes the first.')}</p>
        </Empty>
      ) : (
        <div className="jp-Studio-tableFrame">
          <table className="jp-Studio-runTable jp-mod-wide">
            <thead>
              <tr>
                <th scope="col">{trans.__('Name')}</th>
                {columns.map(column => (
                  <th key={column.name} scope="col">
                    {column.name}
                  </th>
                ))}
                <th scope="col">{trans.__('Actions')}</th>
              </tr>
            </thead>
            <tbody>
              {records.map(record => (
                <tr key={nameOf(record)}>
                  <th scope="row">{nameOf(record)}</th>
                  {columns.map(column => (
                    <td key={column.name}>{column.cell(record)}</td>
                  ))}
                  <td>
                    <Button title={trans.__('Change %1…', nameOf(record))} onClick={() => setEdited(record)}>
                      {trans.__('Change')}
                    </Button>{' '}
                    {deletion(record) !== null && (
                      <Button title={trans.__('Delete %1…', nameOf(record))} onClick={() => setAsked(record)}>
                        {trans.__('Delete')}
                      </Button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

export interface IRecordFormProps {
  label: string;
  /** Send it. Rejects with what is wrong. */
  onSend: () => Promise<unknown>;
  onDone: () => void;
  /** Somebody else was faster: what is listed may be old. */
  onConflict?: () => void;
  onLeave: () => void;
  children: ReactNode;
}

/** A form whose faults are said in it. */
export function RecordForm({ label, onSend, onDone, onConflict, onLeave, children }: IRecordFormProps): ReactElement {
  const form = useRef<HTMLFormElement>(null);
  const onKeyDown = useFormKeys(form, onLeave);
  const [error, setError] = useState<StudioError | null>(null);
  const [isSending, setSending] = useState(false);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setSending(true);
    onSend().then(onDone, (reason: unknown) => {
      const said = asStudioError(reason);
      setError(said);
      setSending(false);
      if (said.code === 'conflict') {
        onConflict?.();
      }
    });
  };
  return (
    <form className="jp-Studio-form" aria-label={label} ref={form} onSubmit={submit} onKeyDown={onKeyDown}>
      <div className="jp-Studio-fields">{children}</div>
      {error !== null && <ErrorNote error={error} />}
      <div className="jp-Studio-actions">
        <button type="submit" className="jp-Studio-button jp-mod-primary" disabled={isSending}>
          {trans.__('Save')}
        </button>
        <Button title={trans.__('Leave all as it is')} onClick={onLeave}>
          {trans.__('Leave')}
        </Button>
      </div>
    </form>
  );
}

/**
 * Say no once if `read` finds another one than `known` (null: none): somebody else has changed it since it was shown.
 * Who sends it again has been told.
 */
export function useUnchanged<T extends { updated_at: number }>(known: T | null, read: () => Promise<T>): () => Promise<void> {
  const last = useRef(known?.updated_at ?? null);
  return async () => {
    const found = await read().then(
      record => record.updated_at,
      (reason: unknown) => {
        if (asStudioError(reason).code === 'not_found') {
          return null;
        }
        throw reason;
      }
    );
    const before = last.current;
    last.current = found;
    if (found === before) {
      return;
    }
    throw new StudioError({
      code: 'conflict',
      message:
        found === null
          ? trans.__('Somebody has deleted it meanwhile.')
          : before === null
            ? trans.__('There is one of this name already.')
            : trans.__('Somebody has changed it meanwhile; the list shows how it is now.'),
      hint: trans.__('Save again to write yours all the same, or leave.')
    });
  };
}

/** A line of a form: a name, and what is typed. */
export function TextField(props: {
  name: string;
  value: string;
  onChange: (value: string) => void;
  help?: string;
  type?: 'text' | 'password' | 'number';
  isFixed?: boolean;
  isRequired?: boolean;
}): ReactElement {
  const { name, value, onChange, help, type = 'text', isFixed = false, isRequired = false } = props;
  const id = useId();
  return (
    <div className="jp-Studio-field">
      <label className="jp-Studio-fieldName" htmlFor={id}>
        {name}
      </label>
      <div className="jp-Studio-fieldBody">
        <input
          id={id}
          type={type}
          value={value}
          disabled={isFixed}
          required={isRequired}
          autoComplete="off"
          aria-describedby={help === undefined ? undefined : `${id}-help`}
          onChange={event => onChange(event.target.value)}
        />
        {help !== undefined && (
          <div className="jp-Studio-fieldHelp" id={`${id}-help`}>
            {help}
          </div>
        )}
      </div>
    </div>
  );
}

export function CheckField(props: { name: string; value: boolean; onChange: (value: boolean) => void; help?: string }): ReactElement {
  const { name, value, onChange, help } = props;
  return (
    <label className="jp-Studio-field">
      <span className="jp-Studio-fieldName">{name}</span>
      <span className="jp-Studio-fieldBody">
        <input type="checkbox" checked={value} onChange={event => onChange(event.target.checked)} />
        {help !== undefined && <span className="jp-Studio-fieldHelp">{help}</span>}
      </span>
    </label>
  );
}
