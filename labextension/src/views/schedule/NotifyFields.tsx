import type { ReactElement } from 'react';

import type { NotebookScheduleModel } from '../../models/notebookschedule';
import { trans } from '../../trans';
import { useSignal } from '../hooks';
import { Words } from '../Words';
import { Field } from './Field';

/** By which connection people hear how runs end. */
export function NotifyFields({ model }: { model: NotebookScheduleModel }): ReactElement {
  useSignal(model.changed);
  const { choices, connections } = model;
  if (connections.length === 0) {
    return (
      <p className="jp-Studio-muted">
        <Words
          text={trans.__(
            'JupyterLab tells you while it is open. To tell others, make a connection to a webhook or a mail server: `studio connections set alerts https://…`.'
          )}
        />
      </p>
    );
  }
  return (
    <div className="jp-Studio-fields">
      <Field name={trans.__('By')} help={trans.__('a connection to a webhook (https) or a mail server (smtp)')}>
        <select
          aria-label={trans.__('Connection for notifications')}
          value={choices.notify}
          onChange={event => model.choose({ notify: event.target.value })}
        >
          <option value="">{trans.__('nobody')}</option>
          {connections.map(name => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </Field>
      {choices.notify !== '' && (
        <>
          <Field name={trans.__('When')}>
            <span className="jp-Studio-checks">
              <label>
                <input type="checkbox" checked disabled />
                {trans.__('a run fails')}
              </label>
              <label>
                <input
                  type="checkbox"
                  checked={choices.isSuccessTold}
                  onChange={event => model.choose({ isSuccessTold: event.target.checked })}
                />
                {trans.__('a run succeeds')}
              </label>
            </span>
          </Field>
          <Field name={trans.__('To')} help={trans.__('addresses, for mail')}>
            <input
              aria-label={trans.__('Addresses for mail')}
              value={choices.to}
              onChange={event => model.choose({ to: event.target.value })}
            />
          </Field>
        </>
      )}
    </div>
  );
}
