import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';

import { StudioStream } from '../src/api/stream';
import type { IHost, ISocketListener } from '../src/host';

/** A page, as far as the stream looks at it. */
class FakePage extends EventTarget {
  visibilityState = 'visible';
  readonly setTimeout = (callback: () => void, delay: number): unknown => globalThis.setTimeout(callback, delay);
  readonly setInterval = (callback: () => void, delay: number): unknown => globalThis.setInterval(callback, delay);
  readonly clearTimeout = (timer: number): void => globalThis.clearTimeout(timer);
  readonly clearInterval = (timer: number): void => globalThis.clearInterval(timer);

  tell(event: string): void {
    this.dispatchEvent(new Event(event));
  }
}

/** The server's side of one connection; it answers as long as it is `alive`. */
class FakeSocket {
  constructor(readonly listener: ISocketListener) {}

  alive = true;
  closed = false;
  readonly sent: string[] = [];

  send(text: string): void {
    this.sent.push(text);
    this.hello();
  }

  hello(): void {
    if (this.alive) {
      this.listener.onMessage('[{"type":"hello","server":"s"}]');
    }
  }

  close(): void {
    this.closed = true;
  }
}

interface IStage {
  page: FakePage;
  stream: StudioStream;
  sockets: FakeSocket[];
  fetched: () => number;
  wait: (milliseconds: number) => void;
  /** As a computer that sleeps: the clock goes on, timers do not. */
  sleep: (milliseconds: number) => void;
}

function stage(context: TestContext): IStage {
  context.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  let now = 0;
  context.mock.method(Date, 'now', () => now);
  context.mock.method(Math, 'random', () => 0.5);
  const page = new FakePage();
  Object.assign(globalThis, { window: page, document: page });
  const sockets: FakeSocket[] = [];
  const host = {
    openSocket: (_path: string, listener: ISocketListener) => {
      sockets.push(new FakeSocket(listener));
      return sockets[sockets.length - 1];
    }
  } as unknown as IHost;
  const stream = new StudioStream({ host });
  let fetched = 0;
  stream.subscribe({ dagId: 'flights' }, () => (fetched += 1));
  const wait = (milliseconds: number): void => {
    for (let left = milliseconds; left >= 0; left -= 500) {
      const step = Math.min(left, 500);
      now += step;
      context.mock.timers.tick(step);
    }
  };
  context.after(() => stream.dispose());
  wait(0);
  sockets[0]?.hello();
  return { page, stream, sockets, fetched: () => fetched, wait, sleep: milliseconds => void (now += milliseconds) };
}

test('a connection that answers is kept when the page is looked at again', context => {
  const { page, stream, sockets, fetched, wait } = stage(context);
  assert.deepEqual([stream.status, fetched()], ['open', 1]);
  page.tell('visibilitychange');
  wait(60_000);
  assert.deepEqual([sockets.length, stream.status, fetched()], [1, 'open', 1]);
  assert.equal(sockets[0]?.sent[1], sockets[0]?.sent[0]);
});

for (const event of ['online', 'visibilitychange', 'resume']) {
  test(`a connection that died without a word is replaced after ${event}, and what is shown is fetched`, context => {
    const { page, stream, sockets, fetched, wait } = stage(context);
    const [first] = sockets;
    assert.ok(first !== undefined);
    first.alive = false;
    page.tell(event);
    page.tell(event);
    wait(10_000);
    assert.deepEqual([stream.status, first.closed, first.sent.length], ['waiting', true, 2]);
    wait(500);
    sockets[1]?.hello();
    assert.deepEqual([sockets.length, stream.status, fetched()], [2, 'open', 2]);
    first.listener.onClose(); // told late
    wait(60_000);
    assert.deepEqual([sockets.length, stream.status], [2, 'open']);
  });
}

test('a computer that slept is noticed by its clock', context => {
  const { stream, sockets, wait, sleep } = stage(context);
  const [first] = sockets;
  assert.ok(first !== undefined);
  first.alive = false;
  wait(60_000);
  assert.equal(first.sent.length, 1);
  sleep(3_600_000);
  wait(10_000);
  assert.equal(first.sent.length, 2);
  wait(10_000);
  assert.equal(stream.status, 'waiting');
});

test('a page in the background is left alone until it is looked at', context => {
  const { page, sockets, wait, sleep } = stage(context);
  page.visibilityState = 'hidden';
  page.tell('visibilitychange');
  sleep(3_600_000);
  wait(10_000);
  assert.equal(sockets[0]?.sent.length, 1);
  page.visibilityState = 'visible';
  page.tell('visibilitychange');
  assert.equal(sockets[0]?.sent.length, 2);
});

test('a connection that never opens is given up after the network came back', context => {
  const { page, stream, sockets, wait } = stage(context);
  sockets[0]?.listener.onClose();
  wait(500);
  assert.deepEqual([sockets.length, stream.status], [2, 'connecting']);
  page.tell('online');
  wait(10_000);
  assert.deepEqual([sockets[1]?.closed, stream.status], [true, 'waiting']);
  page.tell('online'); // no need to wait longer
  assert.deepEqual([sockets.length, stream.status], [3, 'connecting']);
});
