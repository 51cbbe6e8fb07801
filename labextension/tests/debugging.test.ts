import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { AttemptInfo } from '../src/api/schema';
import { belowRoot, canDebug, debugDraft, draftOf } from '../src/models/debugging';
import { FakeClient, run } from './fake';

const TASK = { dagId: 'flights', runId: 'manual__2013-01-01T00:00:00+00:00', taskId: 'part.report', mapIndex: 3, tryNumber: 2 };
const ERROR = { output_type: 'error', ename: 'KeyError', evalue: "'x'", traceback: [] };
const EXECUTED = {
  nbformat: 4,
  nbformat_minor: 5,
  metadata: { kernelspec: { name: 'python3', display_name: 'Python 3', language: 'python' }, papermill: { x: 1 }, mine: 2 },
  cells: [
    { cell_type: 'code', id: 'a', source: 'day = 1', metadata: { tags: ['injected-parameters'], papermill: {} }, outputs: [] },
    { cell_type: 'code', id: 'b', source: 'x', metadata: { studio: {} }, outputs: [{ output_type: 'stream' }, ERROR] }
  ]
};

interface IMade {
  metadata: Record<string, unknown>;
  cells: Record<string, unknown>[];
}

test('a copy of what failed begins where the task ran, with its parameters and at the cell that failed', () => {
  const draft = draftOf(EXECUTED, { task: TASK, folder: '/data/"a"', kernel: 'python3' });
  const { metadata, cells } = draft.content as unknown as IMade;
  assert.deepEqual(metadata, { kernelspec: EXECUTED.metadata.kernelspec, mine: 2 });
  assert.match(String(cells[0]?.['source']), /Debug of `part\.report`\*\*, try 2, in `flights`/);
  assert.match(String(cells[1]?.['source']), /os\.chdir\("\/data\/\\"a\\""\)$/);
  assert.deepEqual(cells.slice(2).map(({ metadata: kept }) => kept), [{ tags: ['injected-parameters'] }, {}]);
  assert.deepEqual(cells.map(({ id }) => id), ['debug-0', 'debug-1', 'a', 'b']);
  assert.equal(draft.cell, 3);
  assert.equal(draft.name, 'debug-part.report-3-manual__2013-01-01T00-00-00-00-00-try2.ipynb');
});

test('another kernel is that of the task, and one that is not Python is moved nowhere', () => {
  const metadata = { kernelspec: { name: 'bash', display_name: 'Bash', language: 'bash' } };
  const draft = draftOf({ nbformat: 4, nbformat_minor: 4, metadata, cells: [{ cell_type: 'code', outputs: [] }] }, { task: TASK, folder: '/x', kernel: 'bash2' });
  const made = draft.content as unknown as IMade;
  assert.deepEqual(made.metadata['kernelspec'], { name: 'bash2', display_name: 'bash2', language: 'bash' });
  assert.deepEqual([made.cells.length, made.cells[0]?.['id'], draft.cell], [2, undefined, 0]);
  assert.equal((draftOf('odd', { task: TASK, folder: '', kernel: '' }).content as unknown as IMade).cells.length, 1);
});

test('a folder is found below the root, wherever home is', () => {
  assert.deepEqual(
    [
      belowRoot('/srv/root/a/b', '/srv/root'),
      belowRoot('/srv/root', '/srv/root/'),
      belowRoot('/srv/rootshop', '/srv/root'),
      belowRoot('/home/me/x/y', '~/x'),
      belowRoot('/root/x', '~'),
      belowRoot('/rooted/x', '~'),
      belowRoot('', '/srv'),
      belowRoot('/srv', '')
    ],
    ['a/b', '', null, 'y', 'x', null, null, null]
  );
});

function attempt(part: Partial<AttemptInfo>): AttemptInfo {
  return {
    id: 1, try_number: 2, state: 'failed', queued_at: '', started_at: '', ended_at: '2013-01-01T00:00:00Z', worker: null, error: null,
    value: null, details: { kernel_name: 'python3', source: { path: '/old/report.ipynb' } }, directory: '', output_path: '/x/output.ipynb',
    source_changed: null, ...part
  };
}

test('what failed as a notebook can be debugged, once it is over', () => {
  const others = [null, attempt({ state: 'success' }), attempt({ ended_at: null }), attempt({ output_path: null }), attempt({ details: {} })];
  assert.deepEqual([attempt({}), ...others].map(canDebug), [true, false, false, false, false, false]);
});

test('the folder is that of the version that ran, or else that of the notebook', async () => {
  const fetched = async (config: Record<string, unknown>): Promise<string> => {
    const client = new FakeClient({
      get_notebook: () => new Blob([JSON.stringify(EXECUTED)]),
      get_version: () => ({ spec: { tasks: [{ id: 'part.report', config }] } }) as never
    });
    return (await debugDraft(client, run('r'), TASK, attempt({}))).folder;
  };
  assert.deepEqual([await fetched({ cwd: '/new' }), await fetched({ cwd: '{{ x }}' }), await fetched({})], ['/new', '/old', '/old']);
});
