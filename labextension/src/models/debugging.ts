/**
 * A failed try of a notebook as a notebook to work in: what it ran, with the parameters it was given, in its folder,
 * for its kernel. The executed notebook itself stays as it is.
 */
import type { IStudioClient } from '../api/client';
import type { AttemptInfo, RunSummary } from '../api/schema';
import type { INotebookDraft, ITaskRef } from '../host';
import { trans } from '../trans';
import type { JSONRecord } from './checked';
import { isRecord, recordOf, textOr } from './checked';

const LONGEST = 60; // characters of a name in a file name

/** Whether there is something to work in: a notebook ran, and has not succeeded. */
export function canDebug(attempt: AttemptInfo | null): boolean {
  return (
    attempt !== null &&
    attempt.ended_at !== null &&
    attempt.state !== 'success' &&
    attempt.output_path !== null &&
    typeof attempt.details['kernel_name'] === 'string'
  );
}

/** Fetch what a try has run. Rejects with a `StudioError`. */
export async function debugDraft(
  client: IStudioClient,
  run: RunSummary,
  task: ITaskRef,
  attempt: AttemptInfo
): Promise<INotebookDraft> {
  const path = { dag_id: task.dagId, run_id: task.runId, task_id: task.taskId };
  const query = { map_index: task.mapIndex, try_number: attempt.try_number };
  const [blob, version] = await Promise.all([
    client.call('get_notebook', { path, query }),
    client.call('get_version', { path: { dag_id: run.dag_id, version: run.version } })
  ]);
  const config = recordOf(version.spec.tasks.find(({ id }) => id === task.taskId)?.config);
  return draftOf(JSON.parse(await blob.text()) as unknown, {
    task: { ...task, tryNumber: attempt.try_number },
    folder: folderOf(config, recordOf(attempt.details['source'])),
    kernel: textOr(attempt.details['kernel_name'], '')
  });
}

/** Absolute, on the machine where the task ran; "" if that is not known. */
function folderOf(config: JSONRecord, source: JSONRecord): string {
  const cwd = textOr(config['cwd'], '');
  const path = textOr(source['path'], '');
  return cwd.startsWith('/') && !cwd.includes('{{') ? cwd : path.startsWith('/') ? path.slice(0, path.lastIndexOf('/')) || '/' : '';
}

export interface IDebugged {
  readonly task: ITaskRef;
  readonly folder: string;
  readonly kernel: string;
}

export function draftOf(executed: unknown, { task, folder, kernel }: IDebugged): INotebookDraft {
  const notebook = recordOf(executed);
  const cells = (Array.isArray(notebook['cells']) ? notebook['cells'] : []).filter(isRecord);
  const metadata = recordOf(notebook['metadata']);
  const spec = recordOf(metadata['kernelspec']);
  const language = textOr(spec['language'], textOr(recordOf(metadata['language_info'])['name'], ''));
  // The name that people see is that of the kernel the notebook was written for: JupyterLab knows the one of this.
  const kernelspec = kernel === '' || kernel === spec['name'] ? spec : { name: kernel, display_name: kernel, language };
  const before = [told(task), ...(language === 'python' && folder !== '' ? [moved(folder)] : [])];
  const failed = cells.findIndex(
    ({ outputs }) => Array.isArray(outputs) && outputs.some(output => recordOf(output)['output_type'] === 'error')
  );
  return {
    folder,
    name: fileName(task),
    content: {
      nbformat: 4,
      nbformat_minor: typeof notebook['nbformat_minor'] === 'number' ? notebook['nbformat_minor'] : 5,
      metadata: { ...own(metadata), kernelspec },
      cells: [...before, ...cells.map(cell => ({ ...cell, metadata: own(recordOf(cell['metadata'])) }))].map(
        (cell, index) => withId(cell, index, Number(notebook['nbformat_minor'] ?? 5))
      )
    },
    cell: failed < 0 ? 0 : failed + before.length
  };
}

/** Without what papermill and the studio have noted of the execution. */
function own(metadata: JSONRecord): JSONRecord {
  return Object.fromEntries(Object.entries(metadata).filter(([name]) => name !== 'papermill' && name !== 'studio'));
}

/** Cells have ids since nbformat 4.5, and must not have one before. */
function withId(cell: JSONRecord, index: number, minor: number): JSONRecord {
  return minor < 5 || typeof cell['id'] === 'string' ? cell : { ...cell, id: `debug-${index}` };
}

function told({ dagId, runId, taskId, tryNumber }: ITaskRef): JSONRecord {
  const code = (text: string): string => `\`${text.replaceAll('`', '')}\``;
  const source = [
    trans.__('**Debug of %1**, try %2, in %3, run %4.', code(taskId), tryNumber ?? 1, code(dagId), code(runId)),
    '',
    trans.__(
      'This is a copy of what ran, with its parameters. *Run → Run All Above Selected Cell* brings a kernel to the cell that failed. What you change here changes nothing else: repair the notebook itself, publish it if its DAG runs a snapshot, and **Clear** the task.'
    )
  ];
  return { cell_type: 'markdown', metadata: {}, source: source.join('\n') };
}

function moved(folder: string): JSONRecord {
  const source = `# ${trans.__('Where the task ran.')}\nimport os\n\nos.chdir(${JSON.stringify(folder)})`;
  return { cell_type: 'code', metadata: {}, source, outputs: [], execution_count: null };
}

/** The same for the same try: what was begun there is gone on with. */
function fileName({ runId, taskId, mapIndex, tryNumber }: ITaskRef): string {
  const short = (text: string): string => text.replace(/[^A-Za-z0-9_.-]+/g, '-').slice(-LONGEST);
  const index = mapIndex < 0 ? '' : `-${mapIndex}`;
  return `debug-${short(taskId)}${index}-${short(runId)}-try${tryNumber ?? 1}.ipynb`;
}

/** Where a folder is below the root of JupyterLab, which may begin with "~"; null: not below it. */
export function belowRoot(folder: string, root: string): string | null {
  const homes = /^(\/root|\/home\/[^/]+|\/Users\/[^/]+)(?=\/|$)/;
  const path = root.startsWith('~') ? folder.replace(homes, '~') : folder;
  const base = root.replace(/\/+$/, '');
  if (folder === '' || root === '' || (path !== base && !path.startsWith(`${base}/`))) {
    return null;
  }
  return path.slice(base.length + 1);
}
