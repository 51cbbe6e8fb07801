import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Signal } from '@lumino/signaling';

import type { CellProblem } from '../src/api/schema';
import { monthsOf } from '../src/models/calendar';
import type { INotebookCells } from '../src/models/checkedcells';
import { CellsModel } from '../src/models/cells';
import { DagModel } from '../src/models/dag';
import { dayOf, isDay } from '../src/models/days';
import { readGraphData } from '../src/models/graphdata';
import { downstreamOf, upstreamOf } from '../src/models/topology';
import { isTaskCell, TaskCellsModel } from '../src/models/taskcells';
import { readViewData } from '../src/models/viewdata';
import { namesOf } from '../src/views/EdgeNames';
import { FakeClient, FakeStream, run, settled, task } from './fake';

test('a view is read with what it is about', () => {
  const json = { version: 1, view: 'runs', dag_id: 'd', run_id: 'r', options: { limit: 3 } };
  assert.deepEqual(readViewData(json), {
    view: 'runs', dagId: 'd', runId: 'r', taskId: null, mapIndex: -1, backfillId: null, options: { limit: 3 }
  });
});

test('what is no view is refused, and what is odd in one is left out', () => {
  const good = { version: 1, view: 'backfill', dag_id: 'd' };
  const bad = [null, [], 'x', { ...good, version: 2 }, { ...good, view: '__proto__' }, { ...good, dag_id: 1 }, { ...good, view: 'task' }];
  assert.deepEqual(bad.map(readViewData), bad.map(() => null));
  const odd = readViewData({ ...good, backfill_id: '1', map_index: -5, options: [1], run_id: {} });
  assert.deepEqual([odd?.backfillId, odd?.mapIndex, odd?.options, odd?.runId], [null, -1, {}, null]);
});

test('a graph of cells has names and problems; what is odd in them is left out', () => {
  const task = { id: 'b', kind: 'notebook', label: 'cell', upstream: ['a'], reads: [{ name: 'x', by: 'a' }, 3], gives: ['y', 4] };
  const json = { version: 1, dag_id: 'd', tasks: [task], cells: true, problems: [{ message: 'No.', severity: 'fatal', cell: '1' }] };
  const data = readGraphData(json);
  assert.deepEqual(data?.nodes[0]?.reads, [{ name: 'x', by: 'a' }, { name: '', by: '' }]);
  assert.deepEqual(data?.nodes[0]?.gives, ['y']);
  assert.equal(data?.isOfCells, true);
  assert.deepEqual(data?.problems, [
    { code: '', message: 'No.', hint: '', cell: null, line: null, severity: 'error', task: null }
  ]);
  assert.deepEqual([...namesOf(data?.nodes ?? [])], [['a→b', ['x']], ['→b', ['']]]);
});

test('months hold whole weeks of what is shown, beginning on Monday', () => {
  const [january, february] = monthsOf('2013-01-30', '2013-02-01');
  assert.deepEqual([january?.offset, january?.days], [0, ['2013-01-28', '2013-01-29', '2013-01-30', '2013-01-31']]);
  assert.deepEqual([february?.offset, february?.days], [4, ['2013-02-01', '2013-02-02', '2013-02-03']]);
  assert.deepEqual(monthsOf('2012-03-01', '2012-12-25').length, 10);
});

test('a day is that of the time zone', () => {
  assert.equal(dayOf('2013-01-01T03:00:00Z', 'America/New_York'), '2012-12-31');
  assert.equal(dayOf('2013-01-01T03:00:00Z', 'Nowhere/Atall'), '2013-01-01');
  assert.deepEqual(['2012-02-29', '2013-02-29', '2013-1-1', ''].map(isDay), [true, false, false, false]);
});

test('what belongs to tasks is found up and down', () => {
  const nodes = [['a'], ['b', 'a'], ['c', 'b'], ['d', 'a'], ['e', 'c', 'd']].map(([id = '', ...upstream]) => ({
    id, kind: '', label: '', upstream
  }));
  assert.deepEqual(downstreamOf(nodes, ['b']), ['c', 'e']);
  assert.deepEqual(upstreamOf(nodes, ['c', 'd']), ['b', 'a']);
});

class FakeCells implements INotebookCells {
  constructor(public sources: string[]) {}
  readonly changed = new Signal<this, void>(this);
  readonly revealed: (number | null)[][] = [];
  isDisposed = false;
  dispose(): void {
    this.isDisposed = true;
  }
  reveal(index: number, line: number | null): void {
    this.revealed.push([index, line]);
  }
}

test('cells are checked once typing rests, and the graph is drawn anew', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const asked: string[][] = [];
  const problem: CellProblem = { code: 'x', message: 'No.', hint: '', cell: 1, line: 2, severity: 'error', task: 'a' };
  const client = new FakeClient({
    check_cells: ({ body }) => {
      const sources = body?.cells ?? [];
      asked.push(sources);
      const tasks = sources.map((id, cell) => ({ id, cell, kind: 'notebook', label: 'cell', upstream: [], reads: [], gives: [] }));
      return { dag_id: 'd', tasks, problems: asked.length > 1 ? [problem] : [] };
    }
  });
  const dag = new DagModel({ client, stream: new FakeStream(), dagId: 'd', nodes: [] });
  const model = new CellsModel({ client, dag, problems: [] });
  const cells = new FakeCells(['a']);
  model.attach(cells);
  await settled();
  const [first] = dag.nodes;
  assert.equal(first?.id, 'a');

  for (const sources of [['a', 'b'], ['a', 'bc']]) {
    cells.sources = sources;
    cells.changed.emit();
    t.mock.timers.tick(200);
  }
  t.mock.timers.tick(100);
  await settled();
  assert.deepEqual(asked, [['a'], ['a', 'bc']]);
  assert.equal(dag.nodes[0], first); // it did not change, so it is not drawn again
  assert.deepEqual(model.problems, [problem]);
  model.reveal(problem);
  assert.deepEqual(cells.revealed, [[1, 2]]);

  cells.changed.emit(); // an output came; the sources are the same
  t.mock.timers.tick(300);
  await settled();
  assert.equal(asked.length, 2);
  model.dispose();
  assert.equal(cells.isDisposed, true);
  dag.dispose();
});

test('a task cell knows its task, how it went in the newest run that has it, and runs with all that it needs', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const cellTask = (id: string, cell: number, ...upstream: string[]) => ({
    id, cell, kind: 'notebook', label: 'cell', upstream, reads: [], gives: []
  });
  const newest = run('r2', { subset: ['a'], run_after: '2013-01-02T00:00:00Z' });
  const whole = run('r1');
  const asked: unknown[] = [];
  const runs = { r1: [task('a', 'failed'), task('b', 'success'), task('c', 'success')], r2: [task('a', 'running')] };
  const client = new FakeClient({
    check_cells: () => ({
      dag_id: 'flights', problems: [], tasks: [cellTask('a', 1), cellTask('b', 3, 'a'), cellTask('c', 4, 'b'), cellTask('d', 5)]
    }),
    get_dag: () => ({ dag: { dag_id: 'flights', version: 'v1', rev: 1 }, tasks: [], spec: {} }) as never,
    list_runs: () => ({ runs: [newest, whole], next: null }),
    get_run: ({ path }) => ({ run: path.run_id === 'r1' ? whole : newest, tasks: runs[path.run_id as 'r1'] }),
    publish_file: ({ body }) => {
      asked.push(body);
      return { dags: [{ dag_id: 'flights' }], warnings: [] } as never;
    },
    trigger_run: ({ body }) => {
      asked.push(body);
      return { run: run('r3', { run_after: '2013-01-03T00:00:00Z', subset: body?.subset ?? [] }), tasks: [task('c', 'queued')] };
    }
  });
  const stream = new FakeStream();
  const model = new TaskCellsModel({ client, stream, cells: new FakeCells(['%dag flights']) });
  for (let turn = 0; turn < 5; turn += 1) {
    await settled();
  }
  assert.deepEqual([model.taskOf(3)?.id, model.taskOf(0), model.lastOf('d')?.status], ['b', null, null]);
  assert.deepEqual([model.lastOf('a')?.run.run_id, model.lastOf('a')?.status?.state], ['r2', 'running']);
  assert.deepEqual([model.lastOf('b')?.run.run_id, model.lastOf('b')?.status?.state], ['r1', 'success']);

  const c = model.taskOf(4);
  assert.ok(c !== null);
  await model.run('in/flights.ipynb', c);
  assert.deepEqual(asked, [{ path: 'in/flights.ipynb' }, { subset: ['c', 'b', 'a'], note: 'From the cell of c' }]);
  assert.deepEqual([model.lastOf('c')?.run.run_id, model.lastOf('c')?.status?.state], ['r3', 'queued']);
  assert.ok(client.calls.filter(call => call === 'get_run').length <= 4, client.calls.join());
  model.dispose();
});

test('a run whose tasks cannot be fetched is not asked for over and over', async () => {
  const client = new FakeClient({
    check_cells: () => ({
      dag_id: 'flights', problems: [],
      tasks: [{ id: 'a', cell: 0, kind: 'notebook', label: 'cell', upstream: [], reads: [], gives: [] }]
    }),
    get_dag: () => ({ dag: { dag_id: 'flights', version: 'v1', rev: 1 }, tasks: [], spec: {} }) as never,
    list_runs: () => ({ runs: [run('gone')], next: null })
  });
  const stream = new FakeStream();
  const model = new TaskCellsModel({ client, stream, cells: new FakeCells(['%%task a']) });
  for (let turn = 0; turn < 10; turn += 1) {
    await settled();
  }
  const asked = (): number => client.calls.filter(call => call === 'get_run').length;
  assert.equal(asked(), 1);
  stream.ready();
  for (let turn = 0; turn < 10; turn += 1) {
    await settled();
  }
  assert.equal(asked(), 2);
  model.dispose();
});

test('a task cell is told by its first line', () => {
  assert.deepEqual(['%%task a', '\n %%task', '%%tasks', 'x\n%%task a', '# %%task a'].map(isTaskCell), [true, true, false, false, false]);
});
