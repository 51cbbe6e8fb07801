import type { IDisposable } from '@lumino/disposable';
import { DisposableDelegate } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { IHost, ISocket } from '../host';
import type { ClientMessage, ServerMessage } from './schema';
import { STREAM_PATH } from './schema';
import { onWake } from './wake';

/** What a model wants to hear of; see `Subscribe` in the schema. */
export interface ITopics {
  dags?: boolean;
  dagId?: string;
  output?: string;
  log?: string;
  why?: string;
}

export type StreamStatus = 'idle' | 'connecting' | 'open' | 'waiting';

/** The events of the server, shared by all views of the page. */
export interface IStudioStream {
  readonly status: StreamStatus;
  readonly statusChanged: ISignal<IStudioStream, StreamStatus>;
  /** Everything that arrives, in the batches in which it arrives. */
  readonly messages: ISignal<IStudioStream, readonly ServerMessage[]>;
  /**
   * Listen to `topics` until disposed. `onReady` is called when the events are complete from now on: once at first,
   * and again after each reconnect and each loss. What is shown is to be fetched then.
   */
  subscribe(topics: ITopics, onReady: () => void): IDisposable;
}

interface ISubscription {
  readonly topics: ITopics;
  readonly onReady: () => void;
  /** The number of the `subscribe` message that carried it; 0: none yet. */
  sentIn: number;
  ready: boolean;
}

const FIRST_DELAY = 500; // milliseconds
const LONGEST_DELAY = 30_000; // milliseconds
const PATIENCE = 10_000; // milliseconds in which a connection that is doubted has to say something

/** One WebSocket, open while somebody listens; it reconnects by itself, also when it died without a word. */
export class StudioStream implements IStudioStream, IDisposable {
  constructor(options: StudioStream.IOptions) {
    this._host = options.host;
    this._waking = onWake(() => this._doubt());
  }

  get status(): StreamStatus {
    return this._status;
  }

  get statusChanged(): ISignal<this, StreamStatus> {
    return this._statusChanged;
  }

  get messages(): ISignal<this, readonly ServerMessage[]> {
    return this._messages;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._waking.dispose();
    window.clearTimeout(this._timer);
    this._trust();
    this._subscriptions.clear();
    this._socket?.close();
    this._socket = null;
    Signal.clearData(this);
  }

  subscribe(topics: ITopics, onReady: () => void): IDisposable {
    const subscription: ISubscription = { topics, onReady, sentIn: 0, ready: false };
    this._subscriptions.add(subscription);
    this._schedule();
    return new DisposableDelegate(() => {
      this._subscriptions.delete(subscription);
      this._schedule();
    });
  }

  /** Views come and go in groups: tell the server once per turn of the event loop. */
  private _schedule(): void {
    if (this._scheduled || this._isDisposed) {
      return;
    }
    this._scheduled = true;
    window.setTimeout(() => {
      this._scheduled = false;
      this._sync();
    }, 0);
  }

  private _sync(): void {
    if (this._isDisposed) {
      return;
    }
    if (this._subscriptions.size === 0 && this._socket === null) {
      window.clearTimeout(this._timer);
      this._setStatus('idle');
    } else if (this._socket === null) {
      if (this._status === 'idle') {
        this._connect();
      }
    } else if (this._greeted) {
      this._send();
    }
  }

  private _send(): void {
    const message = merged([...this._subscriptions].map(subscription => subscription.topics));
    const text = JSON.stringify(message);
    const waiting = [...this._subscriptions].filter(subscription => subscription.sentIn === 0);
    if (text !== this._sentText) {
      this._sent += 1;
      this._sentText = text;
      this._socket?.send(text);
    }
    for (const subscription of waiting) {
      subscription.sentIn = this._sent;
    }
    this._announce();
  }

  private _connect(): void {
    window.clearTimeout(this._timer);
    this._setStatus('connecting');
    const socket = this._host.openSocket(STREAM_PATH, {
      onMessage: text => {
        if (socket === this._socket) {
          this._receive(text);
        }
      },
      onClose: () => {
        if (socket === this._socket) {
          this._lose();
        }
      }
    });
    this._socket = socket;
    this._greeted = false;
    this._sent = 0;
    this._answered = 0;
    this._sentText = '';
    for (const subscription of this._subscriptions) {
      subscription.sentIn = 0;
      subscription.ready = false;
    }
  }

  private _retry(): void {
    if (this._isDisposed) {
      return;
    }
    if (this._subscriptions.size === 0) {
      this._setStatus('idle');
      return;
    }
    this._setStatus('waiting');
    const delay = Math.min(FIRST_DELAY * 2 ** this._failures, LONGEST_DELAY);
    this._failures += 1;
    this._timer = window.setTimeout(() => this._connect(), delay * (0.75 + Math.random() / 2));
  }

  private _lose(): void {
    this._trust();
    this._socket = null;
    this._retry();
  }

  /** The connection may be gone, and nobody told: ask, and take another one if nothing comes. */
  private _doubt(): void {
    if (this._status === 'waiting') {
      this._connect();
      return;
    }
    if (this._socket === null || this._doubted !== 0) {
      return;
    }
    this._doubted = window.setTimeout(() => {
      this._socket?.close(); // it may take minutes until that is told
      this._lose();
    }, PATIENCE);
    if (this._greeted) {
      // The same subscription again: the server answers it, and sends what it would have sent.
      this._sent += 1;
      this._socket.send(this._sentText);
    }
  }

  private _trust(): void {
    window.clearTimeout(this._doubted);
    this._doubted = 0;
  }

  private _receive(text: string): void {
    this._trust();
    const parsed = JSON.parse(text) as ServerMessage | ServerMessage[];
    const batch = Array.isArray(parsed) ? parsed : [parsed];
    this._messages.emit(batch);
    for (const message of batch) {
      if (message.type === 'hello') {
        this._onHello();
      } else if (message.type === 'error') {
        // It answers a `subscribe` as well; without it later answers would be counted wrongly.
        console.warn(`Pipeline Studio: ${message.message}`);
        this._answered += 1;
      } else if (message.type === 'resync') {
        for (const subscription of this._subscriptions) {
          subscription.ready = false;
        }
        this._announce();
      }
    }
  }

  private _onHello(): void {
    if (!this._greeted) {
      this._greeted = true;
      this._failures = 0;
      this._setStatus('open');
      this._send();
      return;
    }
    this._answered += 1;
    this._announce();
  }

  /** Call `onReady` of those whose `subscribe` was answered. */
  private _announce(): void {
    for (const subscription of [...this._subscriptions]) {
      if (!subscription.ready && subscription.sentIn > 0 && subscription.sentIn <= this._answered) {
        subscription.ready = true;
        subscription.onReady();
      }
    }
  }

  private _setStatus(status: StreamStatus): void {
    if (status !== this._status) {
      this._status = status;
      this._statusChanged.emit(status);
    }
  }

  private readonly _host: IHost;
  private readonly _waking: IDisposable;
  private readonly _subscriptions = new Set<ISubscription>();
  private readonly _messages = new Signal<this, readonly ServerMessage[]>(this);
  private readonly _statusChanged = new Signal<this, StreamStatus>(this);
  private _socket: ISocket | null = null;
  private _status: StreamStatus = 'idle';
  private _greeted = false; // the connection's first hello has come
  private _sent = 0; // `subscribe` messages of this connection
  private _answered = 0; // hellos (or refusals) that answered them
  private _sentText = '';
  private _failures = 0;
  private _timer = 0;
  private _doubted = 0; // a timer, while a connection is doubted
  private _scheduled = false;
  private _isDisposed = false;
}

export namespace StudioStream {
  export interface IOptions {
    host: IHost;
  }
}

/** One `subscribe` for all of `topics`: sorted and without repetition, so that equal wishes give equal text. */
export function merged(topics: readonly ITopics[]): ClientMessage {
  const listed = (values: (string | undefined)[]): string[] =>
    [...new Set(values.filter(value => value !== undefined))].sort();
  return {
    type: 'subscribe',
    dags: topics.some(topic => topic.dags === true),
    dag_ids: listed(topics.map(topic => topic.dagId)),
    outputs: listed(topics.map(topic => topic.output)),
    logs: listed(topics.map(topic => topic.log)),
    whys: listed(topics.map(topic => topic.why))
  };
}
