import assert from 'node:assert/strict';
import { test } from 'node:test';

import { urlOf } from '../src/api/client';
import { errorOf } from '../src/api/errors';
import { merged } from '../src/api/stream';
import { columnLayout } from '../src/layout/columns';
import { dotOf, readPlain } from '../src/layout/dot';
import { readGraphData } from '../src/models/graphdata';
import { normalised } from '../src/models/nbformat';
import { setTrans, trans } from '../src/trans';
import { andMore, counted, cutMiddle, dateText, durationText, relativeText } from '../src/views/text';

const REQUEST = {
  nodes: [
    { id: 'a "b"', width: 144, height: 36 },
    { id: 'c', width: 144, height: 36 }
  ],
  edges: [['a "b"', 'c']] as [string, string][]
};

test('a value fills one segment of a path, whatever it holds', () => {
  const url = urlOf(
    '/api/dags/{dag_id}/runs/{run_id}',
    { dag_id: '../x', run_id: 'a+b:c?d' },
    { map_index: -1, try_number: undefined }
  );
  assert.equal(url, '/api/dags/..%2Fx/runs/a%2Bb%3Ac%3Fd?map_index=-1');
});

test('an error says what the server said, and what is wrong if it said nothing', async () => {
  const said = { code: 'conflict', message: 'It runs.', hint: 'Wait.', field: null, request_id: null };
  const error = await errorOf(new Response(JSON.stringify({ error: said }), { status: 409 }));
  assert.deepEqual([error.code, error.message, error.hint, error.status], ['conflict', 'It runs.', 'Wait.', 409]);
  assert.equal((await errorOf(new Response('<html>', { status: 404 }))).code, 'no_studio');
  assert.equal((await errorOf(new Response('', { status: 502 }))).isOffline, true);
});

test('the wishes of all views make one subscription', () => {
  const wishes = [{ dagId: 'b' }, { dags: true }, { dagId: 'a', output: 'x' }, { dagId: 'b', log: 'y' }, { why: 'z' }];
  const message = merged(wishes);
  const topics = { dag_ids: ['a', 'b'], outputs: ['x'], logs: ['y'], whys: ['z'] };
  assert.deepEqual(message, { type: 'subscribe', dags: true, ...topics });
});

test('names do not get into DOT, and come back from the layout', () => {
  assert.ok(!dotOf(REQUEST).includes('b"'));
  const plain =
    'graph 1 5 0.5\nnode 0 1 0.25 2 0.5 "" solid box black lightgrey\nnode 1 4 0.25 2 0.5 "" solid box black lightgrey\nedge 0 1 4 2 0.25 2.3 0.25 2.6 0.25 3 0.25 solid black\nstop';
  const layout = readPlain(plain, REQUEST);
  assert.deepEqual(
    layout.nodes.map(node => [node.id, node.x, node.y]),
    [
      ['a "b"', 0, 0],
      ['c', 216, 0]
    ]
  );
  assert.equal(layout.edges[0]?.path, 'M144.0,18.0 C165.6,18.0 187.2,18.0 216.0,18.0');
});

test('without Graphviz a node stands right of what it waits for', () => {
  const layout = columnLayout(REQUEST);
  const [a, c] = ['a "b"', 'c'].map(id => layout.nodes.find(node => node.id === id));
  assert.ok(a !== undefined && c !== undefined && c.x >= a.x + a.width);
});

test('a cycle does not hang the layout', () => {
  const edges = [
    ['a "b"', 'c'],
    ['c', 'a "b"']
  ] as [string, string][];
  assert.equal(columnLayout({ ...REQUEST, edges }).nodes.length, 2);
});

test('a cell output that is not a graph is refused, and a strange part of one left out', () => {
  assert.equal(readGraphData({ version: 2, dag_id: 'x', tasks: [] }), null);
  assert.equal(readGraphData({ version: 1, dag_id: 'x', tasks: ['a'] }), null);
  const data = readGraphData({
    version: 1,
    dag_id: 'x',
    runs: 900,
    run_id: 3,
    states: { a: 'success', b: 'exploded' },
    tasks: [{ id: 'a', kind: 'notebook', upstream: ['b', 7], label: null }]
  });
  assert.deepEqual(data, {
    dagId: 'x',
    groups: [],
    runId: null,
    runs: 14,
    states: { a: 'success' },
    nodes: [{ id: 'a', kind: 'notebook', upstream: ['b'], label: '' }],
    isOfCells: false,
    problems: [],
    trial: null
  });
});

test('text in lines or pieces becomes one text, a JSON list stays a list', () => {
  const outputs = normalised([
    { output_type: 'stream', name: 'stdout', text: ['a\n', 'b\n'] },
    { output_type: 'stream', name: 'stdout', text: 'c' },
    {
      output_type: 'display_data',
      data: { 'text/html': ['<p>', '</p>'], 'application/vnd.x+json': ['1'] },
      metadata: {}
    }
  ]);
  assert.deepEqual(outputs, [
    { output_type: 'stream', name: 'stdout', text: 'a\nb\nc' },
    { output_type: 'display_data', data: { 'text/html': '<p></p>', 'application/vnd.x+json': ['1'] }, metadata: {} }
  ]);
});

test('times are said as people say them', () => {
  assert.deepEqual([0, 0.04, 3.21, 9.97, 32, 125, 3780, 187200].map(durationText), [
    '0 s',
    '40 ms',
    '3.2 s',
    '10 s',
    '32 s',
    '2 min 5 s',
    '1 h 3 min',
    '2 d 4 h'
  ]);
  assert.equal(dateText('2013-01-02T05:00:00Z', 'America/New_York'), '2013-01-02');
  assert.equal(dateText('2013-01-02T05:30:00Z', 'Nowhere/Atlantis'), '2013-01-02 05:30');
  assert.equal(relativeText('2013-01-01T05:00:00Z', new Date('2013-01-01T00:00:00Z')), 'in 5 hr');
});

test('a long name keeps both ends', () => {
  assert.equal(cutMiddle('abcdefghij', 5), 'ab…ij');
  assert.equal(cutMiddle('abc', 5), 'abc');
});

test('words of other languages are taken as JupyterLab has them, counts first', () => {
  assert.equal(trans._n('%1 of %2', '%1 of them, %2', 2, 'x'), '2 of them, x');
  // As JupyterLab's bundle does it; that it does, tests/browser/test_translation.py shows.
  const said: Record<string, string> = {
    '%1 run': '%1 Lauf', '%1 runs': '%1 Läufe', '%2, and %1 more': '%2, und %1 weitere', '%1 of CPU time': '%1 Rechenzeit'
  };
  const filled = (text: string, values: unknown[]): string => text.replace(/%(\d)/g, (_, at) => String(values[Number(at) - 1]));
  const bundle = {
    __: (message: string, ...values: unknown[]) => filled(said[message] ?? message, values),
    _n: (one: string, many: string, count: number, ...values: unknown[]) =>
      filled(said[count === 1 ? one : many] ?? one, [count, ...values]),
    _p: (_: string, message: string) => message
  };
  const { __, _n, _p } = trans;
  setTrans(bundle, 'de_DE');
  try {
    assert.deepEqual([1, 3].map(count => counted(count, 'run')), ['1 Lauf', '3 Läufe']);
    assert.equal(andMore(['a', 'b', 'c'], 1), 'a, und 2 weitere');
    assert.equal(trans.__('%1 of CPU time', '2 s'), '2 s Rechenzeit');
    assert.equal(relativeText('2013-01-01T00:00:00Z', new Date('2013-01-01T02:00:00Z')), 'vor 2 Std');
  } finally {
    setTrans({ __, _n, _p }, 'en');
  }
  assert.deepEqual([1, 3].map(count => counted(count, 'run')), ['1 run', '3 runs']);
  assert.equal(andMore(['a', 'b', 'c'], 2), 'a, b, and 1 more');
});
