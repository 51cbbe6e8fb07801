import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import type { IKernelModel } from '../src/host/kernel';
import { KernelHost } from '../src/host/kernel';

type Handler = (content: unknown, buffers: readonly DataView[]) => void;

/** The kernel's side of a widget. */
class FakeModel implements IKernelModel {
  readonly sent: { id: number; [name: string]: unknown }[] = [];
  readonly bodies: string[] = [];
  readonly handlers = new Set<Handler>();

  get(): unknown {
    return undefined;
  }

  send(content: object, _callbacks?: object, buffers: ArrayBuffer[] = []): void {
    this.sent.push(content as { id: number });
    this.bodies.push(buffers.map(buffer => new TextDecoder().decode(buffer)).join());
  }

  on(_event: string, handler: Handler): void {
    this.handlers.add(handler);
  }

  off(_event: string, handler: Handler): void {
    this.handlers.delete(handler);
  }

  answer(content: object, body?: string): void {
    const buffers = body === undefined ? [] : [new DataView(new TextEncoder().encode(`--${body}`).buffer, 2)];
    this.handlers.forEach(handler => handler(content, buffers));
  }

  get last(): { id: number; [name: string]: unknown } {
    const last = this.sent.at(-1);
    assert.ok(last !== undefined);
    return last;
  }
}

async function turn(): Promise<void> {
  await new Promise(resolve => setTimeout(resolve, 0));
}

test('a request goes to the kernel with its body, and comes back as a response', async () => {
  const model = new FakeModel();
  const host = new KernelHost(model);
  const headers = { 'Content-Type': 'application/json' };
  const asked = host.request('/api/dags/d/runs', { method: 'POST', body: '{"a":1}', headers });
  await turn();
  const { id, ...request } = model.last;
  assert.deepEqual(request, { do: 'request', method: 'POST', path: '/api/dags/d/runs', type: 'application/json' });
  assert.equal(model.bodies.at(-1), '{"a":1}');
  model.answer({ id: id + 1, status: 500 }); // of somebody else's
  model.answer({ id, status: 201, type: 'application/json' }, '{"b":2}');
  const response = await asked;
  assert.deepEqual([response.status, await response.json()], [201, { b: 2 }]);
  host.dispose();
});

test('answers without content are allowed', async () => {
  const model = new FakeModel();
  const host = new KernelHost(model);
  const asked = host.request('/api/x', { method: 'DELETE' });
  await turn();
  model.answer({ id: model.last.id, status: 204 });
  assert.equal((await asked).status, 204);
  host.dispose();
});

test('what the kernel could not do is an error', async () => {
  const model = new FakeModel();
  const host = new KernelHost(model);
  const asked = host.request('/api/x', {});
  await turn();
  model.answer({ id: model.last.id, error: 'No studio server runs.', hint: 'Start it.' });
  await assert.rejects(asked, { code: 'unreachable', message: 'No studio server runs.', hint: 'Start it.', isOffline: true });
  host.dispose();
});

test('a kernel that is busy for long fails what reads, but what changes something is waited for', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const model = new FakeModel();
  const host = new KernelHost(model);
  const asked = host.request('/api/x', {});
  const changed = host.request('/api/x', { method: 'POST' });
  await Promise.resolve();
  mock.timers.tick(3_600_000);
  mock.timers.reset();
  await assert.rejects(asked, /The kernel does not answer/);
  model.answer({ id: model.last.id, status: 204 });
  assert.equal((await changed).status, 204);
  host.dispose();
});

test('a socket hands on texts until one side closes it', () => {
  const model = new FakeModel();
  const host = new KernelHost(model);
  const heard: string[] = [];
  const listener = { onMessage: (text: string) => heard.push(text), onClose: () => heard.push('closed') };
  const socket = host.openSocket('/api/stream', listener);
  const { id } = model.last;
  model.answer({ id, text: 'hello' });
  socket.send('subscribe');
  assert.deepEqual(model.last, { do: 'send', id, text: 'subscribe' });
  model.answer({ id, closed: true });
  model.answer({ id, text: 'late' });
  assert.deepEqual(heard, ['hello', 'closed']);

  host.openSocket('/api/stream', listener).close();
  assert.equal(model.last['do'], 'close');
  model.answer({ id: model.last.id, closed: true });
  assert.deepEqual(heard, ['hello', 'closed']); // who closes it knows
  host.dispose();
});

test('two views of one model have ids of their own', () => {
  const model = new FakeModel();
  const hosts = [new KernelHost(model), new KernelHost(model)];
  const ids = hosts.map(host => {
    host.openSocket('/api/stream', { onMessage: () => undefined, onClose: () => undefined });
    return model.last.id;
  });
  assert.notEqual(ids[0], ids[1]);
  hosts.forEach(host => host.dispose());
});

test('when the view goes, its sockets are closed and nobody waits any longer', async () => {
  const model = new FakeModel();
  const host = new KernelHost(model);
  const asked = host.request('/api/x', {});
  await turn();
  host.openSocket('/api/stream', { onMessage: () => undefined, onClose: () => undefined });
  const { id } = model.last;
  host.dispose();
  assert.deepEqual(model.last, { do: 'close', id });
  await assert.rejects(asked, /closed/);
  assert.equal(model.handlers.size, 0);
});
