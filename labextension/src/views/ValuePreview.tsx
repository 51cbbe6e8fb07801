import type { ReactElement } from 'react';

import type { TablePreview, ValueInfo } from '../api/schema';
import { language, trans } from '../trans';

/** The beginning of a value, as its task described it. All of it is text or a picture: nothing in it is active. */
export function Preview({ preview }: { preview: NonNullable<ValueInfo['preview']> }): ReactElement {
  switch (preview.kind) {
    case 'table':
      return <Table {...preview} />;
    case 'image':
      return (
        <img className="jp-Studio-thumbnail" alt={trans.__('Preview')} src={`data:${preview.mime};base64,${preview.data}`} />
      );
    case 'bytes':
      return <pre className="jp-Studio-code">{preview.hex}</pre>;
    default:
      return <pre className="jp-Studio-code">{preview.text}</pre>;
  }
}

function Table({ columns, types, rows, total }: TablePreview): ReactElement {
  const left = (total[0] ?? 0) - rows.length;
  return (
    <div className="jp-Studio-tableBox" tabIndex={0} role="region" aria-label={trans.__('First rows')}>
      <table className="jp-Studio-table">
        <thead>
          <tr>
            {columns.map((column, index) => (
              <th key={index} scope="col" title={types[index]}>
                {column}
                <span className="jp-Studio-type">{types[index]}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, place) => (
                <td key={place} className={cell === null ? 'jp-mod-missing' : undefined}>
                  {cell ?? trans.__('null')}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {left > 0 && <p className="jp-Studio-muted">{trans.__('%1 more', left.toLocaleString(language))}</p>}
    </div>
  );
}
