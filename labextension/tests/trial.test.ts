import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readGraphData } from '../src/models/graphdata';
import type { IGraphData } from '../src/models/graphdata';
import { TrialModel } from '../src/models/trial';
import type { ITrialData } from '../src/models/trialdata';
import { readTrial } from '../src/models/trialdata';

function told(states: object, trial: object, tasks = ['a', 'b']): [IGraphData, ITrialData] {
  const data = readGraphData({
    version: 1,
    dag_id: 'd',
    tasks: tasks.map(id => ({ id, kind: 'function', upstream: [], label: id })),
    states,
    trial
  });
  assert.ok(data?.trial != null);
  return [data, data.trial];
}

test('a trial goes on with what the kernel tells, and its graph stays the same', () => {
  const model = new TrialModel(...told({ a: 'running' }, { state: 'running', tasks: { a: { started_at: 0 } } }));
  const { nodes } = model;
  let changes = 0;
  model.changed.connect(() => changes++);
  const failed = { started_at: 0, ended_at: 1.5, error: 'ValueError: no' };
  const after = told({ a: 'failed' }, { state: 'paused', following: ['b'], tasks: { a: failed } });
  assert.equal(model.take(...after), true);
  assert.equal(model.nodes, nodes);
  assert.equal(changes, 1);
  assert.deepEqual([model.state, model.following, model.error('a'), model.error('b')], ['paused', ['b'], failed.error, '']);
  assert.deepEqual(model.status('a'), {
    state: 'failed',
    startedAt: '1970-01-01T00:00:00.000Z',
    endedAt: '1970-01-01T00:00:01.500Z',
    tryNumber: 0,
    mapped: null
  });
  assert.equal(model.status('b'), null);
});

test('a trial of another graph is another one', () => {
  const model = new TrialModel(...told({}, {}));
  assert.equal(model.take(...told({}, {}, ['a'])), false);
});

test('what is odd in a trial is left out', () => {
  assert.equal(readTrial(null), null);
  assert.deepEqual(readTrial({ state: 1, following: [2, 'b'], tasks: { a: { started_at: 'x', ended_at: 1e300 }, b: 3 } }), {
    state: 'running',
    following: ['b'],
    tasks: { a: { startedAt: null, endedAt: null, error: '' }, b: { startedAt: null, endedAt: null, error: '' } }
  });
});
