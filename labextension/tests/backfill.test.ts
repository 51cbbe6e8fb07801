import assert from 'node:assert/strict';
import { test } from 'node:test';

import { StudioError } from '../src/api/errors';
import type { BackfillInfo, CreateBackfill, DagDetail, RunSummary } from '../src/api/schema';
import { BackfillModel } from '../src/models/backfill';
import { BackfillListModel } from '../src/models/backfilllist';
import { BackfillFormModel } from '../src/models/backfillform';
import { DagModel } from '../src/models/dag';
import { backfillCall } from '../src/models/python';
import { boundsOf, endText, presetsOf } from '../src/models/ranges';
import { FakeClient, FakeStream, run, settled, task } from './fake';

const SPEC = { id: 'flights', tasks: [], start_date: '2013-01-01', end_date: '2013-12-31', params: { n: 5 } };

function detail(): DagDetail {
  const node = { kind: 'function', trigger_rule: '', retries: 0, label: '', group: '', role: 'work', mapped: false, pool: '' };
  const tasks = [
    { ...node, id: 'a', upstream: [] },
    { ...node, id: 'b', upstream: ['a'] },
    { ...node, id: 'c', upstream: ['b'] }
  ];
  const dag = {
    dag_id: 'flights', description: '', tags: [], paused: false, schedule: '@daily', timezone: 'UTC', next_run: null,
    version: 'v1', task_count: 3, runs: [], error: null, rev: 1, failures: 0
  };
  return { dag, tasks, spec: SPEC };
}

const INFO: BackfillInfo = {
  id: 7, dag_id: 'flights', state: 'running', start: '2013-01-01T00:00:00Z', end: '2013-01-03T00:00:00Z',
  reprocess: 'missing', reverse: false, max_active_runs: 10, tasks: [], params: {}, note: '',
  created_at: '2026-01-01T00:00:00Z', ended_at: null, actor: 'me', runs: 2, counts: { queued: 2 }, ended: 0,
  seconds_left: null, rev: 1
};

const PREVIEW = { runs: [], counts: { create: 3, clear: 0, skip: 0 }, seconds: 9 };

function form(client: FakeClient, options: Record<string, unknown> = {}): BackfillFormModel {
  Object.assign(client.answers, { get_dag: detail, list_runs: () => ({ runs: [], next: null }) });
  const stream = new FakeStream();
  const dag = new DagModel({ client, stream, dagId: 'flights' });
  return new BackfillFormModel({ client, stream, dag, options });
}

test('a form begins with the last week of the schedule, and asks what that would do', async () => {
  const asked: (CreateBackfill | undefined)[] = [];
  const client = new FakeClient({ preview_backfill: ({ body }) => (asked.push(body), PREVIEW) });
  const model = form(client);
  await settled();
  await new Promise(resolve => setTimeout(resolve, 20));
  assert.deepEqual([model.choices.start, model.choices.end], ['2013-12-25', '2013-12-31']);
  assert.deepEqual(asked, [model.asked]);
  assert.equal(model.preview, PREVIEW);
  model.dispose();
});

test('chosen tasks bring along what they wait for, or what waits for them', async () => {
  const model = form(new FakeClient({}), { start: '2013-01-01', end: '2013-01-02' });
  await settled();
  model.toggleTask('b');
  assert.deepEqual([[...model.included].sort(), model.asked?.tasks, model.asked?.upstream], [['a', 'b'], ['b'], true]);
  model.set({ withUpstream: false, withDownstream: true });
  assert.deepEqual([[...model.included].sort(), model.asked?.tasks, model.asked?.upstream], [['b', 'c'], ['b', 'c'], false]);
  model.toggleTask('b');
  assert.deepEqual(model.asked?.tasks, []);
  model.dispose();
});

test('what is wrong is said, and nothing is asked', async () => {
  const model = form(new FakeClient({}), { start: '2013-01-05', end: '2013-01-02', max_active_runs: 0, tasks: ['x'] });
  await settled();
  assert.deepEqual(model.problems, {
    end: 'It is before the first day, 2013-01-05.',
    atOnce: 'A whole number from 1.',
    tasks: 'The DAG has no task x.'
  });
  assert.equal(model.asked, null);
  model.dispose();
});

test('the same key goes with each try to start, until one has succeeded', async () => {
  const keys: unknown[] = [];
  const client = new FakeClient({});
  client.answers.create_backfill = ({ body }) => {
    keys.push(body?.key);
    if (keys.length === 1) {
      throw new StudioError({ code: 'unreachable', message: 'Gone.' });
    }
    return INFO;
  };
  const model = form(client, { start: '2013-01-01', end: '2013-01-02' });
  await settled();
  assert.equal(await model.start(), null);
  assert.equal(model.error?.message, 'Gone.');
  assert.equal(await model.start(), INFO);
  assert.equal(await model.start(), INFO);
  assert.deepEqual([keys[0] === keys[1], keys[1] === keys[2]], [true, false]);
  model.dispose();
});

test('an error about a param stands at the param', async () => {
  const client = new FakeClient({});
  client.answers.create_backfill = () => {
    throw new StudioError({ code: 'invalid', message: 'Too few.', field: 'params.n' });
  };
  const model = form(client, { start: '2013-01-01', end: '2013-01-02' });
  await settled();
  await model.start();
  const [n] = model.params.fields;
  assert.deepEqual([model.error, n && model.params.problem(n)], [null, 'Too few.']);
  model.dispose();
});

function day(number: number, part: Partial<RunSummary> = {}): RunSummary {
  const at = `2013-01-0${number}T00:00:00Z`;
  return run(`r${number}`, { logical_date: at, run_after: at, run_type: 'backfill', backfill: 7, ...part });
}

test('a backfill counts its runs as they change, and names who is to blame', async () => {
  const stream = new FakeStream();
  const failed = day(2, { state: 'failed', rev: 2 });
  const client = new FakeClient({
    get_backfill: () => INFO,
    list_runs: () => ({ runs: [day(1), day(2)], next: null }),
    get_run: () => ({ run: failed, tasks: [task('a', 'success'), task('b', 'failed'), task('c', 'upstream_failed')] })
  });
  const model = new BackfillModel({ client, stream, dagId: 'flights', id: 7 });
  await settled();
  assert.deepEqual(model.progress, { counts: { running: 2 }, ended: 0, total: 2 });
  stream.messages.emit([{ type: 'run', run: failed, tasks: [] }, { type: 'run', run: run('other'), tasks: [] }]);
  await settled();
  assert.deepEqual(model.progress, { counts: { running: 1, failed: 1 }, ended: 1, total: 2 });
  assert.deepEqual(
    model.failures.map(failure => [failure.run.run_id, failure.tasks?.map(one => one.task_id)]),
    [['r2', ['b']]]
  );
  model.dispose();
});

test('a run that was cleared after the backfill was done is still one of its days', async () => {
  const stream = new FakeStream();
  const released = day(2, { backfill: null, state: 'running' });
  const dates = ['r1', 'r2', 'r3'].map(run_id => ({
    run_id, logical_date: null, interval_start: null, interval_end: null, decision: 'skip' as const, reason: ''
  }));
  const client = new FakeClient({
    get_backfill: () => ({ ...INFO, state: 'done' as const, counts: { success: 1 }, ended: 1 }),
    list_runs: () => ({ runs: [day(1, { state: 'success' })], next: null }),
    preview_backfill: () => ({ ...PREVIEW, runs: dates }),
    get_run: ({ path }) => ({ run: path.run_id === 'r2' ? released : day(3, { backfill: null, run_type: 'manual' }), tasks: [] })
  });
  const model = new BackfillModel({ client, stream, dagId: 'flights', id: 7 });
  await settled();
  await settled();
  assert.deepEqual(model.progress, { counts: { success: 1, running: 1 }, ended: 1, total: 2 });
  stream.messages.emit([{ type: 'run', run: { ...released, state: 'success', rev: 5 }, tasks: [] }]);
  assert.deepEqual([model.progress?.ended, model.isOver], [2, true]);
  model.dispose();
});

test('ranges that are often wanted stay within the schedule', () => {
  const now = new Date('2026-11-23T05:00:00Z');
  const past = presetsOf(boundsOf('2013-12-20', '2013-12-31', 'UTC', now));
  assert.deepEqual(
    past.map(({ name, start, end }) => [name, start, end]),
    [
      ['Last 7 days', '2013-12-25', '2013-12-31'],
      ['Last 30 days', '2013-12-20', '2013-12-31'],
      ['Last month', '2013-12-20', '2013-12-31'],
      ['All since the start', '2013-12-20', '2013-12-31']
    ]
  );
  const open = presetsOf(boundsOf(null, null, 'America/New_York', now)); // there it is the 23rd, five minutes past midnight
  assert.deepEqual(open[0], { name: 'Last 7 days', start: '2026-11-16', end: '2026-11-22' });
  assert.deepEqual(presetsOf(boundsOf('2030-01-01', null, 'UTC', now)), []);
});

test('the last day is meant as a whole', () => {
  const schedules = ['@daily', '0 0 * * 1-5', '@hourly', '0 6 * * *', 'every 6 h', null];
  assert.deepEqual(
    schedules.map(schedule => endText('2013-01-07', schedule)),
    ['2013-01-07', '2013-01-07', ...Array<string>(4).fill('2013-01-07T23:59:59')]
  );
});

test('the call of Python says what differs from its defaults', () => {
  assert.equal(backfillCall({ start: '2013-01-01', end: '2013-01-07', max_active_runs: 10, upstream: true }), 'dag.backfill("2013-01-01", "2013-01-07")');
  assert.equal(
    backfillCall({ start: '2013-01-01', reprocess: 'all', tasks: ['a"b'], upstream: false, params: { x: null, y: [true] } }),
    'dag.backfill("2013-01-01", only="all", tasks=["a\\"b"], upstream=False, params={"x": None, "y": [True]})'
  );
});

// --- the backfills of all DAGs -----------------------------------------------------------------------------------

test('the backfills of all DAGs follow the stream and the filter', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const asked: unknown[] = [];
  let ended = 0;
  const client = new FakeClient({
    list_backfills: ({ query }) => {
      asked.push(query);
      return { backfills: [{ ...INFO, ended }, { ...INFO, id: 6, dag_id: 'other', state: 'done', counts: { success: 3 }, ended: 3 }] };
    },
    get_backfill: ({ path }) => ({ ...INFO, id: Number(path.backfill_id), ended: 2 })
  });
  const stream = new FakeStream();
  const list = new BackfillListModel({ client, stream });
  assert.deepEqual([...stream.subscriptions.values()], [{ dags: true }]);
  stream.ready();
  await settled();
  assert.deepEqual(list.backfills?.map(info => [info.id, info.ended]), [[7, 0], [6, 3]]);

  // Runs of a DAG go on: only its backfill that goes on is fetched, once for many changes.
  const dag = detail().dag;
  stream.messages.emit([{ type: 'dag', dag }, { type: 'dag', dag }, { type: 'dag', dag: { ...dag, dag_id: 'other' } }]);
  t.mock.timers.tick(1000);
  await settled();
  assert.deepEqual(client.calls, ['list_backfills', 'get_backfill']);
  assert.equal(list.backfills?.[0]?.ended, 2);

  // A backfill was made or paused: whether it fits only the server knows.
  ended = 3;
  stream.messages.emit([{ type: 'backfill', dag_id: 'other', backfill_id: 8, state: 'running' }]);
  t.mock.timers.tick(1000);
  await settled();
  assert.deepEqual([client.calls.length, list.backfills?.[0]?.ended], [3, 3]);

  list.toggle('running');
  list.toggle('paused');
  await settled();
  list.toggle('running');
  await settled();
  assert.deepEqual(asked.slice(2), [
    { limit: 50, state: 'running' },
    { limit: 50, state: 'running,paused' },
    { limit: 50, state: 'paused' }
  ]);
  list.dispose();
  assert.equal(stream.subscriptions.size, 0);
});
