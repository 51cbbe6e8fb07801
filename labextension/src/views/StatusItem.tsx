import type { ReactElement } from 'react';

import type { IStudioStream } from '../api/stream';
import type { ActivityModel } from '../models/activity';
import { trans } from '../trans';
import { useSignal } from './hooks';
import { StateIcon } from './StateIcon';
import { counted } from './text';

export interface IStatusItemProps {
  model: ActivityModel;
  stream: IStudioStream;
  onOpen: () => void;
}

/** In the status bar: whether the server answers, and how much goes on. */
export function StatusItem({ model, stream, onOpen }: IStatusItemProps): ReactElement {
  useSignal(model.changed);
  useSignal(stream.statusChanged);
  const isLost = model.error !== null || stream.status === 'waiting';
  const active = model.active;
  const words = isLost
    ? trans.__('The studio server does not answer; it is tried again')
    : trans.__('%1 active. Show the pipelines', counted(active, 'run'));
  return (
    <button type="button" className="jp-Studio-statusItem" title={words} aria-label={words} onClick={onOpen}>
      <StateIcon state={isLost ? 'failed' : active > 0 ? 'running' : 'success'} />
      <span>{isLost ? trans.__('no studio') : String(active)}</span>
    </button>
  );
}
