import type { ReactElement } from 'react';

import type { IField } from '../../models/fields';
import { trans } from '../../trans';
import { choiceText } from './words';

export interface IControlProps {
  id: string;
  field: IField;
  /** Null: none. */
  text: string | null;
  isWrong: boolean;
  describedBy: string;
  onText: (text: string) => void;
}

/** Where the value of a param is typed or chosen. */
export function Control({ id, field, text, isWrong, describedBy, onText }: IControlProps): ReactElement {
  const common = {
    id,
    'aria-invalid': isWrong,
    'aria-required': field.isRequired,
    'aria-describedby': describedBy === '' ? undefined : describedBy,
    disabled: text === null
  };
  const value = text ?? '';
  const onChange = (event: { target: { value: string } }): void => onText(event.target.value);
  switch (field.kind) {
    case 'boolean':
      return (
        <input
          {...common}
          type="checkbox"
          checked={value === 'true'}
          onChange={event => onText(String(event.target.checked))}
        />
      );
    case 'choice':
      return (
        <select {...common} value={value} onChange={onChange}>
          {value === '' && <option value="">{trans.__('Choose…')}</option>}
          {field.choices.map((choice, index) => (
            <option key={index} value={index}>
              {choiceText(choice)}
            </option>
          ))}
        </select>
      );
    case 'date':
      return <input {...common} type="date" value={value} onChange={onChange} />;
    case 'datetime':
      return <input {...common} type="datetime-local" step={1} value={withoutZone(value)} onChange={onChange} />;
    case 'time':
      return <input {...common} type="time" step={1} value={withoutZone(value)} onChange={onChange} />;
    case 'lines':
    case 'json':
      return (
        <textarea
          {...common}
          rows={Math.min(Math.max(value.split('\n').length, 2), 10)}
          spellCheck={false}
          value={value}
          onChange={onChange}
        />
      );
    case 'integer':
    case 'number':
      return (
        <input
          {...common}
          type="text"
          inputMode={field.kind === 'integer' ? 'numeric' : 'decimal'}
          className="jp-mod-number"
          autoComplete="off"
          value={value}
          onChange={onChange}
          onKeyDown={event => {
            const step = event.key === 'ArrowUp' ? 1 : event.key === 'ArrowDown' ? -1 : 0;
            if (step !== 0 && value.trim() !== '' && Number.isFinite(Number(value))) {
              event.preventDefault();
              onText(stepped(Number(value), step, field));
            }
          }}
        />
      );
    default:
      return (
        <>
          <input
            {...common}
            type="text"
            autoComplete="off"
            spellCheck={false}
            list={field.examples.length > 0 ? `${id}-examples` : undefined}
            value={value}
            onChange={onChange}
          />
          {field.examples.length > 0 && (
            <datalist id={`${id}-examples`}>
              {field.examples.map(example => (
                <option key={example} value={example} />
              ))}
            </datalist>
          )}
        </>
      );
  }
}

/** The inputs of browsers know no offset; UTC is shown as it is, and every other moment in UTC. */
function withoutZone(text: string): string {
  if (/[+-]\d\d:\d\d$/.test(text) && !Number.isNaN(Date.parse(text))) {
    return new Date(text).toISOString().slice(0, 19);
  }
  return text.replace(/(\.\d+)?Z$/i, '');
}

/** One step up or down with the arrow keys, within the limits. */
function stepped(value: number, sign: number, { schema }: IField): string {
  const step = typeof schema['multipleOf'] === 'number' && schema['multipleOf'] > 0 ? schema['multipleOf'] : 1;
  const least = typeof schema['minimum'] === 'number' ? schema['minimum'] : -Infinity;
  const most = typeof schema['maximum'] === 'number' ? schema['maximum'] : Infinity;
  return String(Number(Math.min(Math.max(value + sign * step, least), most).toPrecision(15)));
}
