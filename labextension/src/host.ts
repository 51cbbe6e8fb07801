/**
 * Everything that depends on where the views are shown. JupyterLab implements it in `host/lab.ts`; a page of its
 * own implements it with `fetch` and its own renderers. Colours are the `--jp-*` variables that the page defines.
 */
import type { IDisposable } from '@lumino/disposable';

import type { PartialPlace } from './models/place';

/** A task instance, and optionally one try of it. */
export interface ITaskRef {
  dagId: string;
  runId: string;
  taskId: string;
  mapIndex: number;
  tryNumber?: number;
}

/** A notebook that is made for a person to work in. */
export interface INotebookDraft {
  /** Where it belongs: absolute, on the machine where tasks run; "": anywhere. */
  readonly folder: string;
  /** A file that has this name already is opened as it is. */
  readonly name: string;
  /** nbformat 4. */
  readonly content: Readonly<Record<string, unknown>>;
  /** The cell to begin with. */
  readonly cell: number;
}

/** An nbformat 4 output. */
export type Output = Readonly<Record<string, unknown>>;

/** Outputs on the page. They are never trusted: the host sanitises what they hold. */
export interface IOutputsView extends IDisposable {
  /** Show `outputs` instead; what did not change stays as it is. */
  set(outputs: readonly Output[]): void;
}

/** A connection to the stream of events, of text messages. */
export interface ISocket {
  /** Only after the first message has come. */
  send(text: string): void;
  close(): void;
}

/** What a socket tells. */
export interface ISocketListener {
  onMessage(text: string): void;
  /** It is closed, or could not be opened; nothing comes after this. */
  onClose(): void;
}

export interface IHost {
  /** Send a request to the studio API; `path` begins with `/api/`. Rejects only if there is no answer; a `StudioError` says why. */
  request(path: string, init: RequestInit): Promise<Response>;
  /** Where a link to a GET of the studio API leads; null: a link cannot reach it from here. */
  url(path: string): string | null;
  /** Open a WebSocket of the studio API. */
  openSocket(path: string, listener: ISocketListener): ISocket;
  /** Show nbformat outputs in `node`, which must be in the document, until disposed. */
  renderOutputs(node: HTMLElement, outputs: readonly Output[]): IOutputsView;
  /** Whether `openNotebook`, `openPlace` and `openHelp` lead anywhere; views have no buttons for them if not. */
  readonly hasTabs: boolean;
  /** Open the output notebook of a try for reading. */
  openNotebook(ref: ITaskRef): Promise<void>;
  /** Keep a notebook as a file, unless it is there already, and open it with its kernel; null: not from here. */
  readonly editNotebook: ((draft: INotebookDraft) => Promise<void>) | null;
  /** Open the page of a DAG, or go there if it is open already. */
  openPlace(place: PartialPlace): Promise<void>;
  /** Show a guide, "panels", or a section of one, "panels#grid". */
  openHelp(topic: string): Promise<void>;
}
