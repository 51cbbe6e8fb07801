import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import type { ICallOptions } from '../src/api/client';
import type { Grid, RunPage, RunSummary } from '../src/api/schema';
import { linesBetween } from '../src/models/codediff';
import { DagPageModel } from '../src/models/dagpage';
import { GanttModel } from '../src/models/gantt';
import { GridModel } from '../src/models/grid';
import type { IPlace } from '../src/models/place';
import { placeOf, readPlace } from '../src/models/place';
import { RunListModel } from '../src/models/runlist';
import { FakeClient, FakeStream, run, settled, task } from './fake';

function day(number: number): RunSummary {
  return run(`r${number}`, { run_after: `2013-01-0${number}T00:00:00Z`, counts: { success: 1 } });
}

test('an index that is no number is left out', () => {
  for (const index of ['', ' ', '0x1', '1e3', 'two']) {
    assert.deepEqual(readPlace(`d/grid?index=${encodeURIComponent(index)}`), placeOf({ dagId: 'd', tab: 'grid' }), index);
  }
  assert.equal(readPlace('d/grid?index=0')?.mapIndex, 0);
});

test('what a place leaves out stays; another task begins at its first instance', () => {
  const model = new DagPageModel({ client: new FakeClient({}), stream: new FakeStream(), place: placeOf({ dagId: 'flights' }) });
  const at = (): IPlace => model.place;
  let told = 0;
  model.changed.connect(() => (told += 1));
  model.go({ tab: 'gantt', runId: 'r1', taskId: 'a', mapIndex: 3, taskTab: 'log', backfillId: null });
  assert.ok(told > 0);
  assert.deepEqual(at(), { dagId: 'flights', tab: 'gantt', runId: 'r1', taskId: 'a', mapIndex: 3, taskTab: 'log', backfillId: null });
  model.go({ tab: 'grid' });
  assert.deepEqual(at(), { dagId: 'flights', tab: 'grid', runId: 'r1', taskId: 'a', mapIndex: 3, taskTab: 'log', backfillId: null });
  model.go({ taskId: 'b' });
  assert.deepEqual([at().mapIndex, at().taskTab], [null, 'log']);
  model.go({ runId: null, taskId: null });
  assert.deepEqual(at(), { dagId: 'flights', tab: 'grid', runId: null, taskId: null, mapIndex: null, taskTab: 'log', backfillId: null });
  told = 0;
  model.dag.show('r2'); // as by a click in a view
  assert.ok(told > 0);
  assert.equal(at().runId, 'r2');
  model.dispose();
});

test('what is heard before the first grid has come is not lost', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const page = (...numbers: number[]): Grid => ({
    tasks: ['a'],
    rows: numbers.map(number => ({ run: day(number), cells: [{ state: 'running', tasks: [0], counts: [] }] })),
    next: null
  });
  const pages = [page(1), page(2, 1)];
  const stream = new FakeStream();
  const client = new FakeClient({
    get_grid: () => pages.shift() ?? page(),
    get_run: () => ({ run: day(1), tasks: [task('a', 'success')] })
  });
  const model = new GridModel({ client, stream, dagId: 'flights' });
  stream.ready();
  stream.messages.emit([{ type: 'run', run: day(2), tasks: [task('a', 'running')] }]);
  await settled();
  assert.deepEqual(model.rows?.map(row => row.run.run_id), ['r1']);
  t.mock.timers.tick(1000);
  await settled();
  assert.deepEqual(model.rows?.map(row => row.run.run_id), ['r2', 'r1']);
  model.dispose();
});

test('after a reconnect the grid is what the server has', async () => {
  const pages: Grid[] = [
    { tasks: ['a'], rows: [{ run: day(1), cells: [{ state: 'running', tasks: [0], counts: [] }] }], next: null },
    { tasks: ['a'], rows: [{ run: day(2), cells: [{ state: 'success', tasks: [0], counts: [] }] }], next: null }
  ];
  const stream = new FakeStream();
  const model = new GridModel({ client: new FakeClient({ get_grid: () => pages.shift() ?? { tasks: [], rows: [], next: null } }), stream, dagId: 'flights' });
  stream.ready();
  await settled();
  stream.ready();
  await settled();
  assert.deepEqual(model.rows?.map(row => [row.run.run_id, row.cells.get('a')?.state]), [['r2', 'success']]);
  model.dispose();
});

test('runs come page by page; one that begins is asked for', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const asked: unknown[] = [];
  let newest = 3;
  const answer = ({ query }: ICallOptions<'list_runs'>): RunPage => {
    const before = query?.before ?? undefined;
    asked.push(before);
    return before === undefined ? { runs: [day(newest)], next: 'c' } : { runs: [day(3), day(2)], next: null };
  };
  const stream = new FakeStream();
  const model = new RunListModel({ client: new FakeClient({ list_runs: answer }), stream, dagId: 'flights' });
  stream.ready();
  await settled();
  await model.more();
  assert.deepEqual(model.runs?.map(each => each.run_id), ['r3', 'r2']); // one is in both pages
  assert.ok(!model.hasMore);
  newest = 4;
  stream.messages.emit([{ type: 'run', run: day(4), tasks: [] }, { type: 'run', run: day(1), tasks: [] }]);
  t.mock.timers.tick(1000);
  await settled();
  assert.equal(model.runs?.[0]?.run_id, 'r4');
  assert.deepEqual(asked, [undefined, 'c', undefined]);
  model.dispose();
});

test('a run that begins before the first runs have come is not lost', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const pages: RunPage[] = [{ runs: [], next: null }, { runs: [day(1)], next: null }];
  const stream = new FakeStream();
  const client = new FakeClient({ list_runs: () => pages.shift() ?? { runs: [], next: null } });
  const model = new RunListModel({ client, stream, dagId: 'flights' });
  stream.ready();
  stream.messages.emit([{ type: 'run', run: day(1), tasks: [] }]);
  await settled();
  t.mock.timers.tick(1000);
  await settled();
  assert.deepEqual(model.runs?.map(each => each.run_id), ['r1']);
  model.dispose();
});

test('a Gantt chart is fetched once for many messages of its run, and for none of others', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const stream = new FakeStream();
    const client = new FakeClient({ list_attempts: () => ({ attempts: [] }) });
    const model = new GanttModel({ client, stream, dagId: 'flights', runId: 'r1' });
    stream.ready();
    stream.messages.emit([{ type: 'run', run: day(2), tasks: [] }]);
    mock.timers.tick(1000);
    await settled();
    assert.equal(client.calls.length, 1);
    stream.messages.emit([{ type: 'run', run: day(1), tasks: [] }]);
    stream.messages.emit([{ type: 'run', run: day(1), tasks: [] }]);
    mock.timers.tick(1000);
    await settled();
    assert.equal(client.calls.length, 2);
    stream.messages.emit([{ type: 'run', run: day(1), tasks: [] }]);
    model.dispose();
    mock.timers.tick(1000);
    await settled();
    assert.equal(client.calls.length, 2);
  } finally {
    mock.timers.reset();
  }
});

test('changes far apart have a gap between them', () => {
  const lines = Array.from({ length: 30 }, (_, index) => `line ${index}`);
  const changed = lines.map((line, index) => (index === 2 || index === 27 ? `${line}!` : line));
  const kinds = linesBetween(`${lines.join('\n')}\n`, `${changed.join('\n')}\n`).map(line => line.kind);
  assert.equal(kinds.filter(kind => kind === 'gap').length, 1);
  assert.equal(kinds.filter(kind => kind === 'added').length, 2);
  assert.deepEqual(linesBetween('a', 'a\n').map(line => line.text), ['a', 'a']);
});
