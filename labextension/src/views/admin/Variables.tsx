import type { ReactElement } from 'react';
import { useState } from 'react';

import type { IStudioClient } from '../../api/client';
import { StudioError } from '../../api/errors';
import type { VariableInfo } from '../../api/schema';
import type { IStudio } from '../../tokens';
import { trans } from '../../trans';
import { useFetched, useRenewed } from '../hooks';
import { Relative } from '../Times';
import { CheckField, RecordForm, Records, TextField, useUnchanged } from './Records';

/** Values that tasks read by name. */
export function Variables({ studio: { client, host, stream } }: { studio: IStudio }): ReactElement {
  const variables = useFetched(
    () => client.call('list_variables', { path: {} }).then(found => found.variables),
    [client]
  );
  useRenewed(stream, variables.again);
  return (
    <Records<VariableInfo>
      title={trans.__('Variables')}
      about={trans.__('Tasks read them by name, in templates as {{ var.value.name }}. Those of secret ones are never shown.')}
      fetched={variables}
      nameOf={variable => variable.name}
      columns={[
        {
          name: trans.__('Value'),
          cell: variable => (variable.secret ? '•••' : <code>{JSON.stringify(variable.value)}</code>)
        },
        { name: trans.__('Description'), cell: variable => variable.description },
        { name: trans.__('Changed'), cell: variable => <Relative time={new Date(variable.updated_at * 1000).toISOString()} /> }
      ]}
      deletion={variable => trans.__('Delete the variable %1? Tasks that read it fail until there is one again.', variable.name)}
      onDelete={variable => client.call('delete_variable', { path: { name: variable.name } })}
      usesOf={variable => client.call('variable_uses', { path: { name: variable.name } })}
      host={host}
      form={props => <VariableForm client={client} {...props} />}
    />
  );
}

interface IFormProps {
  client: IStudioClient;
  record: VariableInfo | null;
  onDone: () => void;
  onConflict: () => void;
  onLeave: () => void;
}

function VariableForm({ client, record, onDone, onConflict, onLeave }: IFormProps): ReactElement {
  const [name, setName] = useState(record?.name ?? '');
  const unchanged = useUnchanged(record, () => client.call('get_variable', { path: { name } }));
  const [text, setText] = useState(record === null || record.secret ? '' : JSON.stringify(record.value));
  const [secret, setSecret] = useState(record?.secret ?? false);
  const [description, setDescription] = useState(record?.description ?? '');
  const send = async (): Promise<unknown> => {
    const value = valueOf(text);
    await unchanged();
    return client.call('set_variable', { path: { name }, body: { value, secret, description } });
  };
  return (
    <RecordForm label={record === null ? trans.__('New variable') : trans.__('Change %1', record.name)} onSend={send} onDone={onDone} onConflict={onConflict} onLeave={onLeave}>
      <TextField name={trans.__('Name')} value={name} onChange={setName} isFixed={record !== null} isRequired />
      <TextField
        name={trans.__('Value')}
        type={secret ? 'password' : 'text'}
        value={text}
        onChange={setText}
        help={trans.__('JSON, or plain text')}
        isRequired
      />
      <CheckField name={trans.__('Secret')} value={secret} onChange={setSecret} help={trans.__('encrypted, never shown, masked in logs')} />
      <TextField name={trans.__('Description')} value={description} onChange={setDescription} />
    </RecordForm>
  );
}

/** JSON if it is some; what begins like a list or an object must be some. */
function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    if (/^\s*[[{"]/.test(text)) {
      throw new StudioError({ code: 'invalid_input', message: trans.__('The value begins like JSON, but is none.'), hint: trans.__('Close its brackets and quotes.') });
    }
    return text;
  }
}
