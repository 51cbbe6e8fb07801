import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { TaskState } from '../src/api/schema';
import { columnLayout } from '../src/layout/columns';
import { dotOf } from '../src/layout/dot';
import { readJson } from '../src/layout/dotjson';
import type { ILayoutRequest } from '../src/layout/layout';
import { signatureOf } from '../src/layout/layout';
import type { IGraphNode } from '../src/models/dag';
import { keepFolds, readFolds } from '../src/models/folds';
import { foldable, foldedAtFirst, groupedGraph, groupStatus, shownFor } from '../src/models/graphgroups';
import { readGraphData } from '../src/models/graphdata';
import type { INodeStatus } from '../src/models/run';

function node(id: string, group: string, ...upstream: string[]): IGraphNode {
  return { id, kind: 'shell', label: '', upstream, group };
}

const GROUPS = [{ id: 'a' }, { id: 'a.b', parent: 'a', label: 'The inner' }, { id: 'empty' }, { id: 'c' }];
const NODES = [
  node('start', ''),
  node('a.one', 'a', 'start'),
  node('a.b.two', 'a.b', 'a.one'),
  node('a.b.three', 'a.b', 'a.one', 'a.b.two'),
  node('c.four', 'c', 'a.b.two', 'a.b.three'),
  node('lost', 'gone', 'c.four')
];

test('unfolded groups are frames around their tasks, which are called without them', () => {
  const { tasks, groups, edges } = groupedGraph(NODES, GROUPS, new Set());
  assert.deepEqual(
    [...tasks].map(([id, { label, parent }]) => [id, label, parent]),
    [
      ['start', 'start', null],
      ['a.one', 'one', 'a/'],
      ['a.b.two', 'two', 'a.b/'],
      ['a.b.three', 'three', 'a.b/'],
      ['c.four', 'four', 'c/'],
      ['lost', 'lost', null]
    ]
  );
  assert.deepEqual(
    [...groups.values()].map(({ id, label, parent, members, isFolded }) => [id, label, parent, members.length, isFolded]),
    [
      ['a', 'a', null, 3, false],
      ['a.b', 'The inner', 'a/', 2, false],
      ['c', 'c', null, 1, false]
    ]
  );
  assert.equal(edges.length, 7);
});

test('a folded group has the edges of its tasks, each once, and none inside', () => {
  const inner = groupedGraph(NODES, GROUPS, new Set(['a.b']));
  assert.deepEqual([...inner.tasks.keys()], ['start', 'a.one', 'c.four', 'lost']);
  assert.deepEqual(inner.edges, [['start', 'a.one'], ['a.one', 'a.b/'], ['a.b/', 'c.four'], ['c.four', 'lost']]);
  assert.deepEqual([shownFor(inner, 'a.b.two'), shownFor(inner, 'a.one'), shownFor(inner, 'x')], ['a.b/', 'a.one', null]);
  const outer = groupedGraph(NODES, GROUPS, new Set(['a', 'a.b']));
  assert.deepEqual([...outer.groups.keys()], ['a/', 'c/']);
  assert.deepEqual(outer.edges, [['start', 'a/'], ['a/', 'c.four'], ['c.four', 'lost']]);
  assert.deepEqual(shownFor(outer, 'a.b.two'), 'a/');
});

test('a group around itself, and one that nobody knows, fold nothing', () => {
  const round = [{ id: 'x', parent: 'y' }, { id: 'y', parent: 'x' }];
  const { tasks } = groupedGraph([node('t', 'x'), node('u', 'nowhere')], round, new Set(['nowhere']));
  assert.deepEqual([...tasks.keys()], ['t', 'u']);
  assert.deepEqual(foldable(NODES, GROUPS), ['a', 'a.b', 'c']);
});

test('a graph begins folded only if there is too much to see', () => {
  const many = Array.from({ length: 101 }, (_, index) => node(`a.t${index}`, 'a'));
  assert.deepEqual([foldedAtFirst(NODES, GROUPS), foldedAtFirst(many, GROUPS)], [[], ['a']]);
});

test('a group shows the worst of its tasks, and how many are done', () => {
  const at = (hour: number): string => `2013-01-01T0${hour}:00:00Z`;
  const one = (state: TaskState, start: number | null, end: number | null, mapped: INodeStatus['mapped'] = null): INodeStatus => ({
    state, mapped, tryNumber: 1, startedAt: start === null ? null : at(start), endedAt: end === null ? null : at(end)
  });
  const states: Record<string, INodeStatus> = {
    good: one('success', 2, 3),
    mapped: one('running', 1, null, { done: 2, total: 5 }),
    bad: one('failed', 3, 4)
  };
  const status = (id: string): INodeStatus | null => states[id] ?? null;
  assert.deepEqual(groupStatus(['good', 'mapped', 'bad', 'unknown'], status), {
    state: 'failed', startedAt: at(1), endedAt: null, tryNumber: 0, mapped: { done: 4, total: 7 }
  });
  assert.deepEqual(groupStatus(['good'], status)?.endedAt, at(3));
  assert.equal(groupStatus(['unknown'], status), null);
});

const REQUEST: ILayoutRequest = {
  nodes: ['x', 'y "', 'z'].map(id => ({ id, width: 144, height: 36 })),
  edges: [['x', 'y "']],
  frames: [
    { id: 'a/', parent: null, nodes: ['x'], labelWidth: 80 },
    { id: 'b/', parent: 'a/', nodes: ['y "'], labelWidth: 90 }
  ]
};

test('frames are clusters in one another, without their names', () => {
  const dot = dotOf(REQUEST).replace(/\s+/g, ' ').replace(/<<table.*?<\/table>>/g, 'ROOM');
  assert.ok(dot.includes('subgraph cluster_0 { graph [margin=10 label=ROOM] 0 subgraph cluster_1 { graph [margin=10 label=ROOM] 1 } }'), dot);
  assert.notEqual(signatureOf(REQUEST), signatureOf({ ...REQUEST, frames: [] }));
  assert.equal(signatureOf({ nodes: [], edges: [] }), signatureOf({ nodes: [], edges: [], frames: [] }));
});

test('nodes and frames come back from the layout', () => {
  const objects = [
    { _gvid: 0, name: 'cluster_0', bb: '8,8,408,148' },
    { _gvid: 1, name: 'cluster_1', bb: '202,18,398,110' },
    { _gvid: 2, name: '0', pos: '90,45', width: '2', height: '0.5' },
    { _gvid: 3, name: '1', pos: '299.5,50', width: '2', height: '0.5' },
    { _gvid: 4, name: '9', pos: '1,1', width: '1', height: '1' }
  ];
  const edges = [{ tail: 2, head: 3, pos: '162,46 183,47 206,48 227,49' }, { tail: 2, head: 4, pos: '1,1' }];
  const layout = readJson(JSON.stringify({ bb: '0,0,572,156', objects, edges }), REQUEST);
  assert.deepEqual(layout.frames, [
    { id: 'a/', x: 8, y: 8, width: 400, height: 140 },
    { id: 'b/', x: 202, y: 46, width: 196, height: 92 }
  ]);
  assert.deepEqual(layout.nodes.map(({ id, x, y }) => [id, x, y]), [['x', 18, 93], ['y "', 227.5, 88]]);
  assert.deepEqual(layout.edges, [{ from: 'x', to: 'y "', path: 'M162.0,110.0 C183.0,109.0 206.0,108.0 227.0,107.0' }]);
});

test('without Graphviz frames are around what stands in them, too', () => {
  const { nodes, frames } = columnLayout(REQUEST);
  const [outer, inner] = frames;
  const inside = nodes.find(({ id }) => id === 'y "');
  assert.deepEqual([outer?.id, inner?.id], ['a/', 'b/']);
  assert.ok(outer !== undefined && inner !== undefined && inside !== undefined);
  assert.ok(outer.x < inner.x && outer.y < inner.y && inner.x < inside.x && inner.y + inner.height > inside.y + inside.height);
});

test('folds are kept for each DAG, and what is odd counts as nothing', () => {
  const kept = new Map<string, string>();
  const storage = { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, text: string) => void kept.set(key, text) };
  keepFolds('d', ['a', 'b'], storage as Storage);
  keepFolds('e', [], storage as Storage);
  assert.deepEqual(['d', 'e', 'f'].map(id => readFolds(id, storage as Storage)), [['a', 'b'], [], null]);
  [...kept.keys()].forEach(key => kept.set(key, '{"a'));
  assert.equal(readFolds('d', storage as Storage), null);
  assert.equal(readFolds('d', null), null);
});

test('a graph in a cell has groups', () => {
  const task = { id: 'a.b.two', kind: 'shell', label: '', upstream: [], group: 'a.b' };
  const data = readGraphData({ version: 1, dag_id: 'd', tasks: [task], groups: [{ id: 'a.b', parent: 3, label: 'x' }, 'odd'] });
  assert.deepEqual([data?.nodes[0]?.group, data?.groups], ['a.b', [{ id: 'a.b', parent: '', label: 'x' }]]);
});
