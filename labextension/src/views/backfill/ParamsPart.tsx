import type { ReactElement } from 'react';
import { useId, useState } from 'react';

import type { ParamsModel } from '../../models/params';
import { trans } from '../../trans';
import { Button } from '../Glyph';
import { useSignal } from '../hooks';
import { ParamsFields } from '../params/ParamsFields';
import { choiceText } from '../params/words';
import { andMore, counted, cutMiddle } from '../text';

const NAMED = 3; // changed params that are named
const LONGEST = 24; // characters of a value

/** The params of a backfill, out of the way while they are as by default and right. */
export function ParamsPart({ params }: { params: ParamsModel }): ReactElement | null {
  useSignal(params.changed);
  const id = useId();
  const [isOpened, setOpened] = useState(false);
  if (params.fields.length === 0) {
    return null;
  }
  const isOpen = isOpened || !params.isValid;
  const changes = Object.entries(params.changes());
  const told = changes.map(([name, value]) => `${name} = ${cutMiddle(choiceText(value), LONGEST)}`);
  return (
    <>
      <div className="jp-Studio-field">
        <span className="jp-Studio-fieldName">{trans.__('Params')}</span>
        <div className="jp-Studio-fieldBody">
          <div className="jp-Studio-fieldLine">
            <span>
              {changes.length === 0
                ? trans.__('%1, as by default', counted(params.fields.length, 'param'))
                : andMore(told, NAMED)}
            </span>
            <Button
              title={trans.__('Give other values')}
              pressed={isOpen}
              disabled={!params.isValid}
              onClick={() => setOpened(!isOpen)}
            >
              {isOpen ? trans.__('Done') : trans.__('Change…')}
            </Button>
          </div>
        </div>
      </div>
      {isOpen && (
        <div className="jp-Studio-part" id={id}>
          <ParamsFields model={params} />
        </div>
      )}
    </>
  );
}
