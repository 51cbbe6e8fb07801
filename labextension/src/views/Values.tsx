import type { ReactElement } from 'react';
import { useEffect, useState } from 'react';

import type { ValueInfo } from '../api/schema';
import type { IHost } from '../host';
import type { TaskModel } from '../models/task';
import type { ValuesModel } from '../models/values';
import { language, trans } from '../trans';
import { Glyph } from './Glyph';
import { useSignal } from './hooks';
import { Empty, ErrorNote } from './Notes';
import { counted, sizeText } from './text';
import { Preview } from './ValuePreview';
import { Words } from './Words';

/** What a task has returned and saved for those after it. */
export function Values({ model, host }: { model: TaskModel; host: IHost }): ReactElement {
  const [values, setValues] = useState<ValuesModel | null>(null);
  const rev = model.detail?.task.rev;
  const tryNumber = model.tryNumber;
  useEffect(() => {
    const made = model.openValues();
    setValues(made);
    return () => made.dispose();
  }, [model, tryNumber, rev]);
  return values === null || values.isDisposed ? <Empty title={trans.__('Fetching the values…')} /> : <List model={values} host={host} />;
}

function List({ model, host }: { model: ValuesModel; host: IHost }): ReactElement {
  useSignal(model.changed);
  const { values, error } = model;
  if (error !== null) {
    return <ErrorNote error={error} onRetry={() => void model.refresh()} />;
  }
  if (values === null) {
    return <Empty title={trans.__('Fetching the values…')} />;
  }
  if (values.length === 0) {
    return (
      <Empty title={trans.__('No values so far.')}>
        <p>
          <Words text={trans.__('What a task returns, or keeps with `studio.save(name, object)`, is shown here; tasks after it have it with `studio.load(task)`.')} />
        </p>
      </Empty>
    );
  }
  return (
    <div className="jp-Studio-values">
      {values.map(value => (
        <Value key={value.name} value={value} href={host.url(model.pathOf(value))} />
      ))}
    </div>
  );
}

function Value({ value, href }: { value: ValueInfo; href: string | null }): ReactElement {
  const [isOpen, setOpen] = useState(true);
  const name = value.is_returned ? value.name.replace(/^return_value/, trans.__('returned')) : value.name;
  return (
    <section className="jp-Studio-value" aria-label={trans.__('Value %1', name)}>
      <header className="jp-Studio-valueHead">
        <button type="button" className="jp-Studio-source" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          <Glyph name={isOpen ? 'down' : 'right'} />
          <strong title={name}>{name}</strong>
          <span className="jp-Studio-muted">{[value.type, extentOf(value), sizeText(value.size)].filter(Boolean).join(' · ')}</span>
        </button>
        {href !== null && (
          <a className="jp-Studio-download" href={href} download title={trans.__('Download %1', name)}>
            {trans.__('Download')}
          </a>
        )}
      </header>
      {isOpen && value.preview != null && <Preview preview={value.preview} />}
    </section>
  );
}

/** How much it is: "1,000,000 rows × 12 columns", "3 × 4 float64". */
function extentOf({ preview }: ValueInfo): string {
  if (preview?.kind === 'table') {
    const [rows = 0, columns = 0] = preview.total;
    return `${trans._n('%2 row', '%2 rows', rows, rows.toLocaleString(language))} × ${counted(columns, 'column')}`;
  }
  if (preview?.kind === 'array') {
    return `${preview.shape.join(' × ')} ${preview.dtype}`.trim();
  }
  return preview?.kind === 'image' ? `${preview.width} × ${preview.height}` : '';
}
