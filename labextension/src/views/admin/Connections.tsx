import type { ReactElement } from 'react';
import { useState } from 'react';

import type { IStudioClient } from '../../api/client';
import { StudioError } from '../../api/errors';
import type { ConnectionInfo, SetConnection } from '../../api/schema';
import { isRecord } from '../../models/checked';
import type { IStudio } from '../../tokens';
import { trans } from '../../trans';
import { useFetched, useRenewed } from '../hooks';
import { Relative } from '../Times';
import { RecordForm, Records, TextField, useUnchanged } from './Records';

/** Where other systems are, and how to log in there. */
export function Connections({ studio: { client, host, stream } }: { studio: IStudio }): ReactElement {
  const connections = useFetched(
    () => client.call('list_connections', { path: {} }).then(found => found.connections),
    [client]
  );
  useRenewed(stream, connections.again);
  return (
    <Records<ConnectionInfo>
      title={trans.__('Connections')}
      about={trans.__('Tasks use them by name. What they hold is encrypted and never shown, not even here: only which fields are set.')}
      fetched={connections}
      nameOf={connection => connection.name}
      columns={[
        { name: trans.__('Set'), cell: connection => connection.error ?? connection.fields.join(', ') },
        { name: trans.__('Description'), cell: connection => connection.description },
        { name: trans.__('Changed'), cell: connection => <Relative time={new Date(connection.updated_at * 1000).toISOString()} /> }
      ]}
      deletion={connection => trans.__('Delete the connection %1? Tasks that use it fail until there is one again.', connection.name)}
      onDelete={connection => client.call('delete_connection', { path: { name: connection.name } })}
      usesOf={connection => client.call('connection_uses', { path: { name: connection.name } })}
      host={host}
      form={props => <ConnectionForm client={client} {...props} />}
    />
  );
}

interface IFormProps {
  client: IStudioClient;
  record: ConnectionInfo | null;
  onDone: () => void;
  onConflict: () => void;
  onLeave: () => void;
}

const FIELDS = ['type', 'host', 'login', 'password', 'schema'] as const;

function ConnectionForm({ client, record, onDone, onConflict, onLeave }: IFormProps): ReactElement {
  const [name, setName] = useState(record?.name ?? '');
  const unchanged = useUnchanged(record, () => client.call('get_connection', { path: { name } }));
  const [description, setDescription] = useState(record?.description ?? '');
  const [url, setUrl] = useState('');
  const [port, setPort] = useState('');
  const [extra, setExtra] = useState('');
  const [texts, setTexts] = useState<Readonly<Partial<Record<(typeof FIELDS)[number], string>>>>({});
  const send = async (): Promise<unknown> => {
    const body: SetConnection = { description };
    if (url !== '') {
      body.url = url;
    }
    if (port !== '') {
      body.port = Number(port);
    }
    if (extra !== '') {
      body.extra = extraOf(extra);
    }
    for (const field of FIELDS) {
      const text = texts[field] ?? '';
      if (text !== '') {
        body[field] = text;
      }
    }
    await unchanged();
    return client.call('set_connection', { path: { name }, body });
  };
  return (
    <RecordForm label={record === null ? trans.__('New connection') : trans.__('Replace %1', record.name)} onSend={send} onDone={onDone} onConflict={onConflict} onLeave={onLeave}>
      {record !== null && <p>{trans.__('What was set before is replaced as a whole: its values cannot be shown.')}</p>}
      <TextField name={trans.__('Name')} value={name} onChange={setName} isFixed={record !== null} isRequired />
      <TextField name="URL" type="password" value={url} onChange={setUrl} help={trans.__('postgresql://login:password@host/schema; or the fields below')} />
      {FIELDS.map(field => (
        <TextField
          key={field}
          name={`${field.charAt(0).toUpperCase()}${field.slice(1)}`}
          type={field === 'password' ? 'password' : 'text'}
          value={texts[field] ?? ''}
          onChange={text => setTexts({ ...texts, [field]: text })}
        />
      ))}
      <TextField name={trans.__('Port')} type="number" value={port} onChange={setPort} />
      <TextField name={trans.__('Extra')} value={extra} onChange={setExtra} help={trans.__('JSON, for example {"sslmode": "require"}')} />
      <TextField name={trans.__('Description')} value={description} onChange={setDescription} />
    </RecordForm>
  );
}

function extraOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) {
      return { ...value };
    }
  } catch {
    // said below
  }
  throw new StudioError({ code: 'invalid_input', message: trans.__('Extra is no JSON object.'), hint: trans.__('Write it like {"sslmode": "require"}.') });
}
