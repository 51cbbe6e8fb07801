import type { ReactElement } from 'react';
import { useId } from 'react';

import type { IField } from '../../models/fields';
import type { ParamsModel } from '../../models/params';
import { trans } from '../../trans';
import { Button } from '../Glyph';
import { choiceText, defaultText, limitsText } from './words';
import { Control } from './Control';

/** A param: its name, what it is for, where it is typed, and what is wrong with it. */
export function ParamField({ model, field }: { model: ParamsModel; field: IField }): ReactElement {
  const id = useId();
  const problem = model.problem(field);
  const text = model.text(field.name);
  const rules = limitsText(field);
  const isChanged = model.isChanged(field);
  const told = [
    field.description !== '' || rules !== '' ? `${id}-help` : '',
    problem === null ? '' : `${id}-problem`
  ].filter(Boolean);
  return (
    <div className="jp-Studio-field" data-param={field.name}>
      <label className="jp-Studio-fieldName" htmlFor={id}>
        {field.title}
        {field.isRequired && (
          <span className="jp-Studio-required" title={trans.__('It has no default: a run needs a value')}>
            {trans.__('required')}
          </span>
        )}
        {field.title !== field.name && <code className="jp-Studio-muted">{field.name}</code>}
      </label>
      <div className="jp-Studio-fieldBody">
        <div className="jp-Studio-fieldLine">
          <Control
            id={id}
            field={field}
            text={text}
            isWrong={problem !== null}
            describedBy={told.join(' ')}
            onText={value => model.set(field.name, value)}
          />
          {field.isNullable && (
            <label className="jp-Studio-check" title={trans.__('Give null, which is no value')}>
              <input
                type="checkbox"
                checked={text === null}
                onChange={event => model.set(field.name, event.target.checked ? null : emptyOf(field))}
              />
              {trans.__('none')}
            </label>
          )}
          {isChanged && (
            <Button glyph="again" title={trans.__('Back to the default: %1', defaultText(field))} onClick={() => model.reset(field.name)} />
          )}
        </div>
        {problem !== null && (
          <div className="jp-Studio-problem" id={`${id}-problem`} role="alert">
            {problem}
          </div>
        )}
        {(field.description !== '' || rules !== '') && (
          <div className="jp-Studio-fieldHelp" id={`${id}-help`}>
            {[field.description, rules].filter(Boolean).join(' · ')}
          </div>
        )}
      </div>
    </div>
  );
}

function emptyOf(field: IField): string {
  return field.kind === 'boolean' ? 'false' : typeof field.initial === 'string' ? choiceText(field.initial) : '';
}
