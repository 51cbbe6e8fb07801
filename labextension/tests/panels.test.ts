import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import type { IStudioClient } from '../src/api/client';
import type { DagSummary, Grid, GridRow, RunSummary, TaskState, VersionCode } from '../src/api/schema';
import { ActivityModel } from '../src/models/activity';
import { diffOf } from '../src/models/codediff';
import { cronOf, DAILY, rhythmOf } from '../src/models/crons';
import { ganttLines, ticksOf } from '../src/models/gantt';
import { GridModel } from '../src/models/grid';
import { groupCell, linesOf } from '../src/models/gridcells';
import { nameOf } from '../src/models/notebookschedule';
import type { IPlace } from '../src/models/place';
import { placeOf, placeText, readPartial, readPlace } from '../src/models/place';
import { OverviewModel } from '../src/models/overview';
import { RunListModel } from '../src/models/runlist';
import type { ITaskSide } from '../src/models/taskcomparison';
import { comparable, compared } from '../src/models/taskcomparison';
import { readAddress } from '../src/dashboard/address';
import { cell, FakeClient, FakeStream, run, settled, task } from './fake';

// --- places ----------------------------------------------------------------------------------------------------

test('a place survives being text', () => {
  const places: IPlace[] = [
    placeOf({ dagId: 'flights' }),
    { dagId: 'a.b-c_d', tab: 'grid', runId: 'manual__2013-01-01T00:00:00+00:00', taskId: 'x&y', mapIndex: 0, taskTab: 'why', backfillId: null },
    { dagId: 'ü/?#%', tab: 'code', runId: null, taskId: null, mapIndex: 12, taskTab: null, backfillId: 9007199254740991 }
  ];
  for (const place of places) {
    assert.deepEqual(readPlace(placeText(place)), place);
  }
});

test('what is odd in an address is left out', () => {
  assert.equal(readPlace(''), null);
  assert.equal(readPlace('%zz/grid'), null);
  assert.deepEqual(readPlace('d/nothing?index=-1&show=all&run='), placeOf({ dagId: 'd' }));
  assert.deepEqual(readPlace('d/grid?index=1.5'), placeOf({ dagId: 'd', tab: 'grid' }));
  assert.equal(readPartial({ dagId: 7 }), null);
  assert.deepEqual(readPartial({ dagId: 'd', runId: null, more: 1 }), { dagId: 'd', runId: null });
});

test('an address leads to a page, or into a DAG', () => {
  assert.deepEqual(readAddress('#/runs'), { page: 'runs', place: null });
  assert.deepEqual(readAddress('#/nowhere'), { page: 'overview', place: null });
  assert.deepEqual(readAddress('#/dags/d/gantt?run=r').place, placeOf({ dagId: 'd', tab: 'gantt', runId: 'r' }));
  assert.deepEqual(readAddress('#/dags'), { page: 'dags', place: null });
});

// --- the grid --------------------------------------------------------------------------------------------------

function row(summary: RunSummary, states: Partial<Record<TaskState, number[]>>, counts: number[] = []): GridRow {
  const cells = Object.entries(states).map(([state, tasks]) => ({ state: state as TaskState, tasks, counts }));
  return { run: summary, cells };
}

function day(number: number): RunSummary {
  return run(`r${number}`, { run_after: `2013-01-0${number}T00:00:00Z`, counts: { success: 2 } });
}

function gridOf(pages: readonly Grid[]): { model: GridModel; client: FakeClient; stream: FakeStream } {
  const stream = new FakeStream();
  let count = 0;
  const client = new FakeClient({
    get_grid: () => pages[Math.min(count++, pages.length - 1)] ?? { tasks: [], rows: [], next: null },
    get_run: ({ path }) => ({ run: run(path.run_id), tasks: [task('a', 'success'), task('b', 'failed', 1, 0), task('b', 'success', 1, 1)] })
  });
  const model = new GridModel({ client, stream, dagId: 'flights' });
  stream.ready();
  return { model, client, stream };
}

test('a grid shows states, and a changed task at once', async () => {
  const { model, stream, client } = gridOf([{ tasks: ['a', 'b'], rows: [row(day(2), { success: [0], running: [1] })], next: null }]);
  await settled();
  assert.equal(model.rows?.[0]?.cells.get('b')?.state, 'running');
  const before = model.rows?.[0];
  stream.messages.emit([{ type: 'run', run: day(2), tasks: [task('b', 'failed')] }]);
  assert.equal(model.rows?.[0]?.cells.get('b')?.state, 'failed');
  assert.notEqual(model.rows?.[0], before);
  stream.messages.emit([{ type: 'run', run: { ...day(2), dag_id: 'other' }, tasks: [task('a', 'failed')] }]);
  assert.equal(model.rows?.[0]?.cells.get('a')?.state, 'success');
  assert.deepEqual(client.calls, ['get_grid']);
  model.dispose();
});

test('a run that begins is put at its place; of a mapped task the run is fetched', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const { model, stream, client } = gridOf([{ tasks: ['a', 'b'], rows: [row(day(1), { success: [0, 1] })], next: null }]);
    await settled();
    stream.messages.emit([{ type: 'run', run: day(2), tasks: [task('a', 'running'), task('b', 'none')] }]);
    assert.deepEqual(model.rows?.map(each => each.run.run_id), ['r2', 'r1']);
    assert.equal(model.rows?.[0]?.cells.get('a')?.state, 'running');
    stream.messages.emit([{ type: 'run', run: day(2), tasks: [task('b', 'running', 1, 0)] }]);
    mock.timers.tick(1000);
    await settled();
    assert.deepEqual(client.calls, ['get_grid', 'get_run']);
    assert.deepEqual(model.rows?.[0]?.cells.get('b'), { state: 'failed', done: 2, total: 2 });
    model.dispose();
  } finally {
    mock.timers.reset();
  }
});

test('what is heard while the grid is fetched is newer than the grid', async () => {
  const stale: Grid = { tasks: ['a', 'b'], rows: [row(day(1), { running: [0, 1] })], next: null };
  const { model, stream } = gridOf([stale]);
  await settled();
  const fetching = model.refresh();
  stream.messages.emit([{ type: 'run', run: day(1), tasks: [task('a', 'success')] }]);
  await fetching;
  assert.equal(model.rows?.[0]?.cells.get('a')?.state, 'success');
  assert.equal(model.rows?.[0]?.cells.get('b')?.state, 'running');
  await model.refresh(); // nothing was heard since: the server is believed
  assert.equal(model.rows?.[0]?.cells.get('a')?.state, 'running');
  model.dispose();
});

test('older runs come page by page', async () => {
  const { model, client } = gridOf([
    { tasks: ['a'], rows: [row(day(3), { success: [0] })], next: 'c' },
    { tasks: ['a', 'old'], rows: [row(day(2), { success: [0, 1] })], next: null }
  ]);
  await settled();
  assert.ok(model.hasMore);
  await model.more();
  assert.deepEqual(model.rows?.map(each => each.run.run_id), ['r3', 'r2']);
  assert.deepEqual([...model.tasks], ['a', 'old']);
  await model.more();
  assert.equal(client.calls.length, 2);
  model.dispose();
});

test('groups fold, and show what tells most', () => {
  const groupOf = new Map([['g.a', 'g'], ['g.h.b', 'g.h'], ['c', '']]);
  const groups = [{ id: 'g' }, { id: 'g.h', parent: 'g' }];
  const all = linesOf(['g.a', 'c', 'g.h.b'], groupOf, groups, new Set());
  assert.deepEqual(
    all.map(line => [line.label, line.depth]),
    [['g', 0], ['a', 1], ['h', 1], ['b', 2], ['c', 0]]
  );
  const folded = linesOf(['g.a', 'c', 'g.h.b'], groupOf, groups, new Set(['g']));
  assert.deepEqual(folded.map(line => line.id), ['g', 'c']);
  const cells = new Map([['g.a', { state: 'success' as const, done: 1, total: 1 }], ['g.h.b', { state: 'failed' as const, done: 1, total: 3 }]]);
  assert.deepEqual(groupCell({ run: day(1), cells }, ['g.a', 'g.h.b']), { state: 'failed', done: 2, total: 4 });
  assert.equal(groupCell({ run: day(1), cells }, ['c']), null);
});

// --- runs ------------------------------------------------------------------------------------------------------

test('a filter is asked for once typing rests', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const stream = new FakeStream();
    const asked: unknown[] = [];
    const client = new FakeClient({
      list_runs: ({ query }) => {
        asked.push(query?.search);
        return { runs: query?.search === 'two' ? [day(2)] : [day(1), day(2)], next: null };
      }
    });
    const model = new RunListModel({ client, stream, dagId: 'flights' });
    stream.ready();
    model.set({ search: 't' });
    model.set({ search: 'two' });
    mock.timers.tick(1000);
    await settled();
    assert.deepEqual(asked, [undefined, 'two']);
    assert.deepEqual(model.runs?.map(each => each.run_id), ['r2']);
    stream.messages.emit([{ type: 'run', run: { ...day(2), state: 'failed', rev: 2 }, tasks: [] }]);
    assert.equal(model.runs?.[0]?.state, 'failed');
    model.dispose();
  } finally {
    mock.timers.reset();
  }
});

test('of two answers the one to the later question counts, whichever comes first', async () => {
  const waiting: ((answer: unknown) => void)[] = [];
  const client: IStudioClient = { call: () => new Promise(resolve => waiting.push(resolve as (answer: unknown) => void)) };
  const stream = new FakeStream();
  const runs = new RunListModel({ client, stream, dagId: 'flights' });
  const first = [runs.refresh(), runs.refresh()];
  waiting[1]?.({ runs: [day(2)], next: null });
  waiting[0]?.({ runs: [day(1)], next: null });
  await Promise.all(first);
  assert.deepEqual(runs.runs?.map(each => each.run_id), ['r2']);
  const grid = new GridModel({ client, stream, dagId: 'flights' });
  const second = [grid.refresh(), grid.refresh()];
  waiting[3]?.({ tasks: ['a'], rows: [row(day(2), { success: [0] })], next: null });
  waiting[2]?.({ tasks: ['b'], rows: [row(day(1), { success: [0] })], next: null });
  await Promise.all(second);
  assert.deepEqual(grid.rows?.map(each => each.run.run_id), ['r2']);
  assert.deepEqual([...grid.tasks], ['a']);
  runs.dispose();
  grid.dispose();
});

test('a run that ends is told once, also if it was too short to be heard of before', async () => {
  const stream = new FakeStream();
  const summary = (runs: RunSummary[], rev: number): DagSummary => ({
    dag_id: 'flights', description: '', tags: [], paused: false, schedule: null, timezone: 'UTC', next_run: null,
    version: 'v', task_count: 1, runs, error: null, rev, failures: 0
  });
  const old = run('old', { state: 'failed', ended_at: '2013-01-01T00:00:00Z' });
  const client = new FakeClient({ list_dags: () => ({ dags: [summary([old], 1)], files: [] }) });
  const model = new ActivityModel({ client, stream });
  const told: string[] = [];
  model.ended.connect((_, ended) => void told.push(ended.run_id));
  await settled();
  const now = new Date(Date.now() + 1000).toISOString();
  const long = run('long', { run_after: now });
  const short = run('short', { state: 'failed', ended_at: now, run_after: now });
  stream.messages.emit([{ type: 'dag', dag: summary([long, short, old], 2) }]);
  assert.deepEqual([told, model.active], [['short'], 1]);
  const over = { ...long, state: 'success' as const, ended_at: now, rev: 2 };
  stream.messages.emit([{ type: 'dag', dag: summary([over, short, old], 3) }]);
  stream.messages.emit([{ type: 'dag', dag: summary([over, short, old], 4) }]);
  assert.deepEqual([told, model.active], [['short', 'long'], 0]);
  model.dispose();
});

// --- code, Gantt, schedules ------------------------------------------------------------------------------------

test('two versions differ in what was added, removed and changed', () => {
  const part = (task_id: string, code: string): VersionCode['tasks'][number] => ({ task_id, kind: 'function', where: '', settings: '{}\n', code, language: 'python' });
  const before = { settings: '{}\n', tasks: [part('same', 'x\n'), part('gone', 'y\n'), part('other', 'a\nb\n')] };
  const after = { settings: '{}\n', tasks: [part('same', 'x\n'), part('other', 'a\nc\n'), part('new', 'z\n')] };
  assert.deepEqual(
    diffOf(before, after).map(({ title, change }) => [title, change]),
    [['other', 'changed'], ['new', 'added'], ['gone', 'removed']]
  );
  assert.deepEqual(diffOf(before, before), []);
});

test('attempts stand in a line by task and instance, and the scale has round steps', () => {
  const attempt = (task_id: string, map_index: number, try_number: number): Parameters<typeof ganttLines>[0][number] => ({
    task_id, map_index, try_number, state: 'success', queued_at: '2013-01-01T00:00:00Z', started_at: null, ended_at: null, worker: null
  });
  const lines = ganttLines([attempt('a', 1, 1), attempt('b', -1, 1), attempt('a', 0, 1), attempt('a', 1, 2)]);
  assert.deepEqual(lines.map(line => [line.taskId, line.mapIndex, line.attempts.length]), [['a', 0, 1], ['a', 1, 2], ['b', -1, 1]]);
  assert.deepEqual(ticksOf(60, 8), [0, 10, 20, 30, 40, 50, 60]);
  assert.ok(ticksOf(0.2, 8).length <= 9);
  assert.ok(ticksOf(10 * 86400 * 30, 8).length <= 9);
});

test('rhythms are cron expressions, and come back from them', () => {
  for (const expression of ['5 * * * *', '30 6 * * *', '0 7 * * 1-5', '15 23 * * 0', '0 0 28 * *', '*/5 * * * *', '@daily', '0 6 31 * *']) {
    assert.equal(cronOf(rhythmOf(expression)), expression);
  }
  assert.equal(rhythmOf('*/5 * * * *').rhythm, 'cron');
  assert.equal(cronOf({ ...DAILY, rhythm: 'once' }), null);
  assert.equal(cronOf({ ...DAILY, time: '' }), null);
  assert.equal(cronOf({ ...DAILY, rhythm: 'cron', text: '  ' }), null);
});

test('a DAG of a notebook is called after the file', () => {
  assert.equal(nameOf('a/b/Daily report (2).ipynb'), 'Daily_report_2');
  assert.equal(nameOf('ü.ipynb'), 'notebook');
});

// --- a task beside itself in another run --------------------------------------------------------------------------

function side(part: Partial<ITaskSide>): ITaskSide {
  return { run: run('r'), task: task('a', 'success'), attempt: null, cells: [], values: [], ...part };
}

test('two runs of a task differ in what they were told, what ran and what came out', () => {
  const said = (text: string): Record<string, unknown>[] => [{ output_type: 'stream', name: 'stdout', text: [text, '\n'] }];
  const before = side({
    run: run('old', { params: { who: 'me' } }),
    cells: [{ ...cell(0, 'import x'), duration: 1 }, { ...cell(1, 'print(1)'), outputs: said('one'), duration: 2 }]
  });
  const after = side({
    run: run('new', { params: { who: 'her' } }),
    cells: [{ ...cell(0, 'import x'), duration: 1.5 }, { ...cell(1, 'print(2)'), outputs: said('two'), duration: null }]
  });
  const found = compared(before, after);
  const changed = (lines: typeof found.given): string[] => lines.filter(({ kind }) => kind !== 'same').map(({ text }) => text.trim());
  assert.deepEqual(changed(found.given), ['"who": "me"', '"who": "her"']);
  assert.deepEqual(changed(found.source), ['print(1)', 'print(2)']);
  assert.deepEqual(changed(found.outputs), ['one', 'two']);
  assert.deepEqual(found.cells, [
    { title: 'import x', before: 1, after: 1.5 },
    { title: 'print(2)', before: 2, after: null }
  ]);
  const same = compared(before, before);
  assert.deepEqual([same.given, same.source, same.outputs, same.values], [[], [], [], []]);
});

test('values are the same if their content is, as far as that can be known', () => {
  const value = (name: string, part: object): ITaskSide['values'][number] => ({
    name, is_returned: false, format: 'json', type: 'int', size: 1, digest: null, schema: null, preview: null, ...part
  });
  const before = side({
    values: [
      value('table', { format: 'parquet', digest: 'a' }),
      value('model', { format: 'cloudpickle', digest: 'a' }),
      value('count', { preview: { text: '1' } }),
      value('gone', {})
    ]
  });
  const after = side({
    values: [
      value('table', { format: 'parquet', digest: 'b' }),
      value('model', { format: 'cloudpickle', digest: 'b' }),
      value('count', { preview: { text: '1' } })
    ]
  });
  assert.deepEqual(
    compared(before, after).values.map(({ name, isSame }) => [name, isSame]),
    [['table', false], ['model', null], ['count', true], ['gone', false]]
  );
});

test('a run is compared with the last one before it that went well', () => {
  const on = (day: number, part: Partial<RunSummary>): RunSummary =>
    run(`r${day}`, { run_after: `2013-01-0${day}T00:00:00Z`, state: 'failed', ...part });
  const runs = [
    on(6, { state: 'success' }), on(5, {}), on(4, { state: 'success', subset: ['b'] }), on(3, {}), on(2, { state: 'success' })
  ];
  const [newest, shown] = runs;
  assert.ok(newest !== undefined && shown !== undefined);
  assert.equal(comparable(runs, shown, 'a')?.run_id, 'r2');
  assert.equal(comparable(runs, shown, 'b')?.run_id, 'r4');
  assert.equal(comparable([newest, shown], shown, 'a')?.run_id, 'r6');
  assert.equal(comparable([shown], shown, 'a'), null);
});

test('the overview asks the server anew when a DAG is told, once for many changes', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const asked: unknown[] = [];
  const client = new FakeClient({
    list_runs: ({ query }) => {
      asked.push(query);
      return { runs: [run(`r${asked.length}`)], next: null };
    }
  });
  const stream = new FakeStream();
  const overview = new OverviewModel({ client, stream });
  stream.ready();
  await settled();
  assert.deepEqual(asked, [{ state: 'running,queued', limit: 500 }, { state: 'failed', limit: 12 }]);
  stream.messages.emit([{ type: 'dag_removed', dag_id: 'd' }]);
  stream.messages.emit([{ type: 'dag_removed', dag_id: 'e' }]);
  t.mock.timers.tick(1000);
  await settled();
  assert.deepEqual([asked.length, overview.active?.runs[0]?.run_id, overview.failed?.runs[0]?.run_id], [4, 'r3', 'r4']);
  overview.dispose();
  assert.equal(stream.subscriptions.size, 0);
});
