import type { ReactElement } from 'react';
import { useState } from 'react';

import type { IStudioClient } from '../../api/client';
import type { PoolInfo } from '../../api/schema';
import type { IStudio } from '../../tokens';
import { trans } from '../../trans';
import { useFetched, useRenewed } from '../hooks';
import { CheckField, RecordForm, Records, TextField } from './Records';

const DEFAULT = 'default';

/** How many tasks run at once, by pool. */
export function Pools({ studio: { client, host, stream } }: { studio: IStudio }): ReactElement {
  const pools = useFetched(() => client.call('list_pools', { path: {} }).then(found => found.pools), [client]);
  useRenewed(stream, pools.again);
  return (
    <Records<PoolInfo>
      title={trans.__('Pools')}
      about={trans.__('A pool limits how many tasks run at once, over all DAGs whose tasks are in it.')}
      fetched={pools}
      nameOf={pool => pool.name}
      columns={[
        { name: trans.__('Slots'), cell: pool => (pool.slots < 0 ? trans.__('no limit') : pool.slots) },
        { name: trans.__('Taken'), cell: pool => pool.used },
        { name: trans.__('Free'), cell: pool => pool.free ?? '' },
        { name: trans.__('Description'), cell: pool => pool.description }
      ]}
      deletion={pool => (pool.name === DEFAULT ? null : trans.__('Delete the pool %1? Tasks that name it cannot run until there is one again.', pool.name))}
      onDelete={pool => client.call('delete_pool', { path: { name: pool.name } })}
      usesOf={pool => client.call('pool_uses', { path: { name: pool.name } })}
      host={host}
      form={props => <PoolForm client={client} {...props} />}
    />
  );
}

interface IFormProps<T> {
  client: IStudioClient;
  record: T | null;
  onDone: () => void;
  onLeave: () => void;
}

function PoolForm({ client, record, onDone, onLeave }: IFormProps<PoolInfo>): ReactElement {
  const [name, setName] = useState(record?.name ?? '');
  const [slots, setSlots] = useState(String(record?.slots ?? 1));
  const [description, setDescription] = useState(record?.description ?? '');
  const [deferred, setDeferred] = useState(record?.include_deferred ?? false);
  const send = (): Promise<unknown> =>
    client.call('set_pool', {
      path: { name },
      body: { slots: Number(slots), description, include_deferred: deferred }
    });
  return (
    <RecordForm label={record === null ? trans.__('New pool') : trans.__('Change %1', record.name)} onSend={send} onDone={onDone} onLeave={onLeave}>
      <TextField name={trans.__('Name')} value={name} onChange={setName} isFixed={record !== null} isRequired />
      <TextField name={trans.__('Slots')} type="number" value={slots} onChange={setSlots} help={trans.__('-1: no limit')} isRequired />
      <TextField name={trans.__('Description')} value={description} onChange={setDescription} />
      <CheckField name={trans.__('Count waiting')} value={deferred} onChange={setDeferred} help={trans.__('sensors that wait take a slot, too')} />
    </RecordForm>
  );
}
