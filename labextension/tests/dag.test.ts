import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { DagDetail, RunDetail, RunSummary } from '../src/api/schema';
import { DagModel } from '../src/models/dag';
import { FakeClient, FakeStream, run, settled, task } from './fake';

const NODES = ['extract', 'report'].map((id, index) => ({
  id,
  kind: 'notebook',
  upstream: index === 0 ? [] : ['extract'],
  trigger_rule: 'all_success',
  retries: 0,
  label: `${id}.ipynb`,
  group: '',
  role: 'work',
  mapped: false,
  pool: 'default'
}));

function detail(): DagDetail {
  const dag = {
    dag_id: 'flights',
    description: '',
    tags: [],
    paused: false,
    schedule: null,
    timezone: 'UTC',
    next_run: null,
    version: 'v1',
    task_count: 2,
    runs: [],
    error: null,
    rev: 1,
    failures: 0
  };
  return { dag, tasks: NODES, spec: { id: 'flights', tasks: [] } };
}

function server(runs: RunSummary[], details: Record<string, RunDetail>): FakeClient {
  return new FakeClient({
    get_dag: detail,
    list_runs: () => ({ runs, next: null }),
    get_run: ({ path }) => details[path.run_id] ?? { run: run(path.run_id), tasks: [] }
  });
}

test('the newest run is shown and followed', async () => {
  const stream = new FakeStream();
  const older = run('a', { run_after: '2013-01-01T00:00:00Z' });
  const client = server([older], { a: { run: older, tasks: [task('extract', 'success')] } });
  const model = new DagModel({ client, stream, dagId: 'flights' });
  await settled();
  assert.equal(model.status('extract')?.state, 'success');

  const newest = run('b', { run_after: '2013-01-02T00:00:00Z' });
  stream.messages.emit([{ type: 'run', run: newest, tasks: [task('extract', 'running')] }]);
  await settled();
  assert.deepEqual(
    model.runs.map(one => one.run_id),
    ['b', 'a']
  );
  assert.equal(model.status('extract')?.state, 'running');

  model.show('a');
  assert.equal(model.status('extract')?.state, 'success');
  model.dispose();
});

test('of two versions the one with the larger rev stays, whichever way it came', async () => {
  const stream = new FakeStream();
  const client = server([run('a')], { a: { run: run('a'), tasks: [task('extract', 'running', 5)] } });
  const model = new DagModel({ client, stream, dagId: 'flights' });
  await settled();
  stream.messages.emit([{ type: 'run', run: run('a'), tasks: [task('extract', 'success', 9)] }]);
  await model.refresh();
  assert.equal(model.status('extract')?.state, 'success');
  model.dispose();
});

test('after a reconnect the tasks of the shown run are fetched again', async () => {
  const stream = new FakeStream();
  const tasks = [task('extract', 'running', 1)];
  const client = server([run('a')], { a: { run: run('a'), tasks } });
  const model = new DagModel({ client, stream, dagId: 'flights' });
  await settled();
  tasks[0] = task('extract', 'success', 2);
  stream.ready();
  await settled();
  assert.equal(model.status('extract')?.state, 'success');
  model.dispose();
});

test('a DAG that is published only later comes alive', async () => {
  const stream = new FakeStream();
  const client = new FakeClient({});
  const model = new DagModel({ client, stream, dagId: 'flights', nodes: NODES, states: { extract: 'failed' } });
  await settled();
  assert.equal(model.phase, 'missing');
  assert.equal(model.status('extract')?.state, 'failed');

  Object.assign(
    client.answers,
    server([run('a')], { a: { run: run('a'), tasks: [task('extract', 'success')] } }).answers
  );
  stream.messages.emit([{ type: 'dag', dag: detail().dag }]);
  await settled();
  assert.equal(model.phase, 'live');
  assert.equal(model.status('extract')?.state, 'success');
  model.dispose();
});

test('a mapped task shows its most telling instance and counts', async () => {
  const stream = new FakeStream();
  const tasks = [task('extract', 'success', 1, 0), task('extract', 'running', 1, 1), task('extract', 'none', 1, 2)];
  const client = server([run('a')], { a: { run: run('a'), tasks } });
  const model = new DagModel({ client, stream, dagId: 'flights' });
  await settled();
  assert.equal(model.status('extract')?.state, 'running');
  assert.deepEqual(model.status('extract')?.mapped, { done: 1, total: 3 });
  model.dispose();
});

test('what stands for the instances of a mapped task goes when they are there, and does not come back', async () => {
  const stream = new FakeStream();
  const waiting = { ...task('extract', 'none', 1), map_index: -1 };
  const client = server([run('a')], { a: { run: run('a'), tasks: [waiting] } });
  const model = new DagModel({ client, stream, dagId: 'flights' });
  await settled();
  const instances = [0, 1].map(map_index => ({ ...task('extract', 'success', 2), map_index }));
  stream.messages.emit([{ type: 'run', run: run('a'), tasks: instances }]);
  stream.messages.emit([{ type: 'run', run: run('a'), tasks: [waiting] }]);
  await settled();
  assert.equal(model.status('extract')?.state, 'success');
  assert.deepEqual(model.status('extract')?.mapped, { done: 2, total: 2 });
  model.dispose();
});

test('nothing is listened to after it is disposed', async () => {
  const stream = new FakeStream();
  const model = new DagModel({ client: server([], {}), stream, dagId: 'flights' });
  await settled();
  model.dispose();
  assert.equal(stream.subscriptions.size, 0);
});

test('a DAG that was deleted and made again while nothing was heard is shown as it is now', async () => {
  const stream = new FakeStream();
  const runs = [run('b', { rev: 9 }), run('a', { rev: 9 })];
  const tasks: Record<string, RunDetail> = {
    b: { run: run('b', { rev: 9 }), tasks: [task('extract', 'success', 9), task('report', 'failed', 9)] }
  };
  const model = new DagModel({ client: server(runs, tasks), stream, dagId: 'flights' });
  await settled();
  assert.equal(model.status('report')?.state, 'failed');
  runs.splice(0, 2, run('b', { state: 'queued' }));
  tasks['b'] = { run: run('b', { state: 'queued' }), tasks: [task('extract', 'queued', 1)] };
  stream.ready();
  await settled();
  assert.deepEqual(model.runs.map(each => [each.run_id, each.state]), [['b', 'queued']]);
  assert.equal(model.status('extract')?.state, 'queued');
  assert.equal(model.status('report'), null);
  model.dispose();
});

test('a run that the DAG no longer tells of is deleted, and one that it does not tell of yet is kept', async () => {
  const stream = new FakeStream();
  const runs = [run('b'), run('a')];
  const model = new DagModel({ client: server(runs, {}), stream, dagId: 'flights' });
  await settled();
  runs.pop();
  stream.messages.emit([{ type: 'dag', dag: { ...detail().dag, rev: 2, runs: [run('b')] } }]);
  await settled();
  assert.deepEqual(model.runs.map(each => each.run_id), ['b']);
  const begun = run('c', { run_after: '2013-01-02T00:00:00Z' });
  runs.unshift(begun);
  stream.messages.emit([
    { type: 'run', run: begun, tasks: [] },
    { type: 'dag', dag: { ...detail().dag, rev: 3, runs: [run('b')] } }
  ]);
  await settled();
  assert.deepEqual(model.runs.map(each => each.run_id), ['c', 'b']);
  model.dispose();
});
