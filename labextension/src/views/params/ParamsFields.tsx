import type { ReactElement } from 'react';

import type { ParamsModel } from '../../models/params';
import { useSignal } from '../hooks';
import { ParamField } from './ParamField';

/** The params of a DAG as typed fields. */
export function ParamsFields({ model }: { model: ParamsModel }): ReactElement | null {
  useSignal(model.changed);
  if (model.fields.length === 0) {
    return null;
  }
  return (
    <div className="jp-Studio-fields">
      {model.fields.map(field => (
        <ParamField key={field.name} model={model} field={field} />
      ))}
    </div>
  );
}

/** Put the keyboard into the field of a param, where something is to be mended. */
export function focusField(form: HTMLElement | null, name: string): void {
  form
    ?.querySelector<HTMLElement>(`[data-param="${CSS.escape(name)}"]`)
    ?.querySelector<HTMLElement>('input, select, textarea')
    ?.focus();
}
