import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { CellOutput, OutputChanged, TaskOutput } from '../src/api/schema';
import { OutputModel } from '../src/models/output';
import { cell, FakeClient, FakeStream, settled } from './fake';

const TASK = { dagId: 'flights', runId: 'a', taskId: 'report', mapIndex: -1 };

function fetched(cells: CellOutput[], rev: number, tryNumber = 1): TaskOutput {
  return {
    attempt_id: tryNumber,
    try_number: tryNumber,
    state: 'running',
    cells,
    cells_done: 1,
    cells_total: 2,
    path: null,
    rev
  };
}

function changed(cells: CellOutput[], rev: number, part: Partial<OutputChanged> = {}): OutputChanged {
  return {
    type: 'output',
    topic: 'flights/a/report/-1',
    attempt_id: 1,
    try_number: 1,
    cells,
    cells_done: 2,
    cells_total: 2,
    rev,
    reset: false,
    ...part
  };
}

function sources(model: OutputModel): (string | undefined)[] {
  return [...(model.cells ?? [])].map(one => one?.source);
}

async function opened(answer: TaskOutput): Promise<[OutputModel, FakeStream]> {
  const stream = new FakeStream();
  const model = new OutputModel({ client: new FakeClient({ get_output: () => answer }), stream, task: TASK });
  await settled();
  return [model, stream];
}

test('a changed cell replaces its cell and leaves the others the same objects', async () => {
  const [model, stream] = await opened(fetched([cell(0, 'a'), cell(1, 'b')], 1));
  const first = model.cells?.[0];
  stream.messages.emit([changed([cell(1, 'B')], 2)]);
  assert.deepEqual(sources(model), ['a', 'B']);
  assert.equal(model.cells?.[0], first);
  assert.equal(model.done, 2);
});

test('an event that came before an older page is not undone by the page', async () => {
  const [model, stream] = await opened(fetched([cell(0, 'a'), cell(1, 'b')], 1));
  stream.messages.emit([changed([cell(1, 'B')], 7)]);
  await model.refresh();
  assert.deepEqual(sources(model), ['a', 'B']);
  assert.equal(model.done, 2);
});

test('a new attempt begins with its own cells', async () => {
  const [model, stream] = await opened(fetched([cell(0, 'a'), cell(1, 'b')], 9));
  stream.messages.emit([changed([cell(0, 'again')], 1, { reset: true, try_number: 2, attempt_id: 2 })]);
  assert.deepEqual(sources(model), ['again']);
  assert.equal(model.tryNumber, 2);
});

test('an event of an earlier attempt is late and ignored', async () => {
  const [model, stream] = await opened(fetched([cell(0, 'second')], 3, 2));
  stream.messages.emit([changed([cell(0, 'first')], 50)]);
  assert.deepEqual(sources(model), ['second']);
});

test('events of other tasks are not taken', async () => {
  const [model, stream] = await opened(fetched([cell(0, 'a')], 1));
  stream.messages.emit([changed([cell(0, 'x')], 9, { topic: 'flights/b/report/-1' })]);
  assert.deepEqual(sources(model), ['a']);
});

test('after a reconnect a server that counts from the beginning is believed', async () => {
  const answer = fetched([cell(0, 'a')], 90);
  const [model, stream] = await opened(answer);
  Object.assign(answer, fetched([cell(0, 'A')], 2));
  stream.ready();
  await settled();
  assert.deepEqual(sources(model), ['A']);
});
