import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { LogAppended, LogRecord, TaskLog } from '../src/api/schema';
import type { LogLevel } from '../src/models/log';
import { LogModel } from '../src/models/log';
import { FakeClient, FakeStream, settled } from './fake';

const TASK = { dagId: 'flights', runId: 'a', taskId: 'report', mapIndex: -1 };

function record(offset: number, text: string, level: LogLevel = 'INFO'): LogRecord {
  return { offset, time: 0, level, source: 'stdout', text };
}

function fetched(records: LogRecord[], end: number, attempt = 1): TaskLog {
  const first = records[0]?.offset ?? 0;
  const range = { start: first, end, size: end, truncated: false, ended: false };
  return { attempt_id: attempt, try_number: 1, records, ...range };
}

function appended(records: LogRecord[], start: number, end: number, attempt = 1): LogAppended {
  const topic = 'flights/a/report/-1';
  return { type: 'log', topic, attempt_id: attempt, try_number: 1, records, start, end, skipped: 0, ended: false };
}

async function opened(answers: TaskLog[]): Promise<[LogModel, FakeStream, FakeClient]> {
  const stream = new FakeStream();
  const client = new FakeClient({ get_log: () => answers.shift() ?? fetched([], 0) });
  const model = new LogModel({ client, stream, task: TASK });
  stream.ready();
  await settled();
  return [model, stream, client];
}

function texts(model: LogModel): string[] {
  return (model.records ?? []).map(one => one.text);
}

test('what is appended follows what was fetched, without repetition', async () => {
  const [model, stream, client] = await opened([fetched([record(0, 'one'), record(10, 'two')], 20)]);
  stream.messages.emit([appended([], 20, 20)]);
  stream.messages.emit([appended([record(10, 'two'), record(20, 'three')], 10, 30)]);
  stream.messages.emit([appended([record(30, 'four')], 30, 40)]);
  assert.deepEqual(texts(model), ['one', 'two', 'three', 'four']);
  assert.deepEqual(client.calls, ['get_log']);
});

test('a gap and another attempt are fetched', async () => {
  const later = [fetched([record(90, 'end')], 100), fetched([record(0, 'anew')], 10, 2)];
  const [model, stream, client] = await opened([fetched([record(0, 'one')], 10), ...later]);
  stream.messages.emit([appended([record(90, 'end')], 90, 100)]);
  await settled();
  assert.deepEqual(texts(model), ['end']);
  stream.messages.emit([appended([], 0, 0, 2)]);
  await settled();
  assert.deepEqual(texts(model), ['anew']);
  assert.equal(client.calls.length, 3);
});

test('what comes is filtered as what was fetched', async () => {
  const [model, stream] = await opened([fetched([], 0), fetched([], 0)]);
  model.filter('WARNING', 'Disk');
  await settled();
  const coming = [record(0, 'disk full', 'ERROR'), record(10, 'disk ok'), record(20, 'other', 'ERROR')];
  stream.messages.emit([appended(coming, 0, 30)]);
  assert.deepEqual(texts(model), ['disk full']);
});

test('what comes while it is fetched is fetched once more', async () => {
  const [model, stream, client] = await opened([fetched([], 0), fetched([], 0), fetched([record(0, 'new')], 10)]);
  void model.refresh();
  stream.messages.emit([appended([record(0, 'new')], 0, 10)]);
  await settled();
  assert.deepEqual(texts(model), ['new']);
  assert.equal(client.calls.length, 3);
});
