import { URLExt } from '@jupyterlab/coreutils';
import type { Contents } from '@jupyterlab/services';
import { ServerConnection } from '@jupyterlab/services';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { IStudioClient } from '../api/client';
import { urlOf } from '../api/client';
import { routes } from '../api/schema';
import type { ITaskRef } from '../host';
import { trans } from '../trans';

export const DRIVE = 'PipelineStudio';

/** Where the output notebook of a try stands in JupyterLab; without a try number, of the newest. */
export function outputPath(ref: ITaskRef): string {
  const { dagId, runId, taskId, mapIndex, tryNumber } = ref;
  return `${DRIVE}:${[dagId, runId, taskId, mapIndex, tryNumber ?? 'newest', `${taskId}.ipynb`].map(encode).join('/')}`;
}

/** Run ids hold colons and plus signs, which a path of JupyterLab has better not. */
function encode(segment: string | number): string {
  return encodeURIComponent(segment).replaceAll('%', '=');
}

function decode(segment: string): string {
  return decodeURIComponent(segment.replaceAll('=', '%'));
}

interface IOutputPath {
  segments: { dag_id: string; run_id: string; task_id: string };
  query: { map_index: string | undefined; try_number: string | undefined };
  name: string;
  /** Whether it is a path that `outputPath` makes. */
  isNotebook: boolean;
}

function read(path: string): IOutputPath {
  const [dagId = '', runId = '', taskId = '', mapIndex, tryNumber, name = ''] = path.split('/').map(decode);
  return {
    segments: { dag_id: dagId, run_id: runId, task_id: taskId },
    query: { map_index: mapIndex, try_number: tryNumber === 'newest' ? undefined : tryNumber },
    name,
    isNotebook: name !== '' && name === `${taskId}.ipynb`
  };
}

/** Output notebooks as files that can be read. They stand wherever the studio server keeps them, often outside Jupyter's folder. */
export class OutputDrive implements Contents.IDrive {
  constructor(options: OutputDrive.IOptions) {
    this._client = options.client;
    this.serverSettings = options.serverSettings ?? ServerConnection.makeSettings();
  }

  readonly name = DRIVE;
  readonly serverSettings: ServerConnection.ISettings;

  get fileChanged(): ISignal<this, Contents.IChangedArgs> {
    return this._fileChanged;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  async get(path: string, options?: Contents.IFetchOptions): Promise<Contents.IModel> {
    const { segments, query, name, isNotebook } = read(path);
    if (!isNotebook) {
      return model({ name, path, type: 'directory', format: 'json', content: options?.content === false ? null : [] });
    }
    if (options?.content === false) {
      return model({ name, path, type: 'notebook', format: null, content: null });
    }
    const blob = await this._client.call('get_notebook', { path: segments, query });
    return model({ name, path, type: 'notebook', format: 'json', content: JSON.parse(await blob.text()) as unknown });
  }

  /** Of the notebook itself; what a notebook refers to beside it is not here. */
  getDownloadUrl(path: string): Promise<string> {
    const { segments, query, isNotebook } = read(path);
    const url = URLExt.join(this.serverSettings.baseUrl, 'studio', urlOf(routes.get_notebook.path, segments, query));
    return Promise.resolve(isNotebook ? url : 'data:,');
  }

  newUntitled(): Promise<Contents.IModel> {
    return refuse();
  }

  delete(): Promise<void> {
    return refuse();
  }

  rename(): Promise<Contents.IModel> {
    return refuse();
  }

  save(): Promise<Contents.IModel> {
    return refuse();
  }

  copy(): Promise<Contents.IModel> {
    return refuse();
  }

  createCheckpoint(): Promise<Contents.ICheckpointModel> {
    return refuse();
  }

  listCheckpoints(): Promise<Contents.ICheckpointModel[]> {
    return Promise.resolve([]);
  }

  restoreCheckpoint(): Promise<void> {
    return refuse();
  }

  deleteCheckpoint(): Promise<void> {
    return refuse();
  }

  private readonly _client: IStudioClient;
  private readonly _fileChanged = new Signal<this, Contents.IChangedArgs>(this);
  private _isDisposed = false;
}

export namespace OutputDrive {
  export interface IOptions {
    client: IStudioClient;
    serverSettings?: ServerConnection.ISettings;
  }
}

function model(
  part: Pick<Contents.IModel, 'name' | 'path' | 'type' | 'format'> & { content: unknown }
): Contents.IModel {
  const never = new Date(0).toISOString(); // an output is not edited, so its time is of no use
  return { ...part, writable: false, created: never, last_modified: never, mimetype: 'application/x-ipynb+json' };
}

function refuse(): Promise<never> {
  return Promise.reject(new Error(trans.__('The output of a task is only for reading. Save a copy elsewhere to change it.')));
}
