// Generated from studio/api by scripts/generate.py. Do not edit: change the Python models and run `make generate`.

/** State of a TaskInstance. */
export type TaskState = 'none' | 'scheduled' | 'queued' | 'running' | 'stopping' | 'restarting' | 'up_for_retry' | 'up_for_reschedule' | 'deferred' | 'awaiting_input' | 'success' | 'failed' | 'skipped' | 'upstream_failed' | 'cancelled' | 'removed';
export const TASK_STATES: readonly TaskState[] = ['none', 'scheduled', 'queued', 'running', 'stopping', 'restarting', 'up_for_retry', 'up_for_reschedule', 'deferred', 'awaiting_input', 'success', 'failed', 'skipped', 'upstream_failed', 'cancelled', 'removed'];
/** The TaskStates in which nothing more happens by itself. */
export const TASK_TERMINAL: readonly TaskState[] = ['success', 'failed', 'skipped', 'upstream_failed', 'cancelled', 'removed'];

/** State of a DagRun. */
export type RunState = 'queued' | 'running' | 'success' | 'failed' | 'cancelled';
export const RUN_STATES: readonly RunState[] = ['queued', 'running', 'success', 'failed', 'cancelled'];
/** The RunStates in which nothing more happens by itself. */
export const RUN_TERMINAL: readonly RunState[] = ['success', 'failed', 'cancelled'];

/** State of one try of a TaskInstance. A terminal one never changes again. */
export type AttemptState = 'queued' | 'running' | 'success' | 'failed' | 'skipped' | 'rescheduled' | 'cancelled' | 'lost';
export const ATTEMPT_STATES: readonly AttemptState[] = ['queued', 'running', 'success', 'failed', 'skipped', 'rescheduled', 'cancelled', 'lost'];
/** The AttemptStates in which nothing more happens by itself. */
export const ATTEMPT_TERMINAL: readonly AttemptState[] = ['success', 'failed', 'skipped', 'rescheduled', 'cancelled', 'lost'];

/** Register a DAG, or a new version of it. */
export interface PublishDag {
  spec: DagSpec;
}

/** A whole DAG. Dates are ISO 8601 text; a date without offset is in `timezone`. */
export interface DagSpec {
  id: string;
  tasks: TaskSpec[];
  format?: number;
  description?: string;
  schedule?: CronSpec | null;
  start_date?: string | null;
  end_date?: string | null;
  timezone?: string;
  catchup?: 'all' | 'latest' | 'skip';
  collision?: 'queue' | 'replace' | 'skip';
  max_active_runs?: number;
  max_active_tasks?: number;
  max_active_tasks_per_dag?: number | null;
  params?: Record<string, unknown>;
  param_schemas?: Record<string, Record<string, unknown>>;
  tags?: string[];
  groups?: GroupSpec[];
  run_timeout?: number | null;
  fail_fast?: boolean;
  pause_after_failures?: number | null;
  native?: boolean;
  deadlines?: DeadlineSpec[];
  callbacks?: CallbackSpec[];
  origin?: string;
}

/**
 * One task. `config` belongs to its `kind` (see `studio.worker.kinds` and `studio.core.local_kinds`).
 *
 * A value `{"$output": "task"}` anywhere in `config` stands for what that task returned: for a mapped task, a list.
 */
export interface TaskSpec {
  id: string;
  kind: string;
  upstream?: string[];
  trigger_rule?: string;
  config?: Record<string, unknown>;
  retries?: number;
  retry_delay?: number;
  retry_backoff?: number;
  max_retry_delay?: number;
  retry_rules?: RetryRule[];
  lost_retries?: number;
  timeout?: number | null;
  queue_timeout?: number | null;
  doc?: string;
  group?: string;
  pool?: string;
  pool_slots?: number;
  priority_weight?: number;
  weight_rule?: 'absolute' | 'downstream' | 'upstream';
  max_active_per_dag?: number | null;
  max_active_per_run?: number | null;
  depends_on_past?: boolean;
  wait_for_downstream?: boolean;
  wait_for_past_before_skipping?: boolean;
  params?: Record<string, unknown>;
  param_schemas?: Record<string, Record<string, unknown>>;
  role?: 'setup' | 'teardown' | 'work';
  setups?: string[];
  fail_run?: boolean;
  interpret?: 'branch' | 'sensor' | 'short_circuit' | 'value';
  skip_all?: boolean;
  sensor?: SensorSpec | null;
  expand?: ExpandSpec | null;
  map_index_template?: string;
  outlets?: AssetSpec[];
  inlets?: AssetSpec[];
  callbacks?: CallbackSpec[];
}

/** What to do after an exception of this class, or of one derived from it; the first rule that fits counts. */
export interface RetryRule {
  exception: string;
  action?: 'fail' | 'retry';
  delay?: number | null;
}

/** How a task that waits for something looks for it: "poke" keeps its slot between looks, "reschedule" does not. */
export interface SensorSpec {
  mode?: 'poke' | 'reschedule';
  poke_interval?: number;
  timeout?: number;
  soft_fail?: boolean;
  backoff?: boolean;
  max_wait?: number | null;
}

/**
 * How many task instances, and the arguments of each.
 *
 * `product`: each combination of the sources, the last argument varies fastest. `kwargs`: one source under the name
 * "" whose items are dicts of arguments.
 */
export interface ExpandSpec {
  by?: 'kwargs' | 'product';
  over: Record<string, Items | Output | FromParam | Zipped | Concatenated | Transformed>;
}

/** Values that are known when the DAG is defined. */
export interface Items {
  type: 'items';
  values: unknown[] | Record<string, unknown>;
}

/** What an upstream task returned; of a mapped task: the values of its successful instances, in order. */
export interface Output {
  type: 'output';
  task: string;
}

/** A param of the run. */
export interface FromParam {
  type: 'param';
  name: string;
}

/** Lists side by side; as long as the shortest, or as the longest with `fill` in the gaps. */
export interface Zipped {
  type: 'zip';
  sources: (Items | Output | FromParam | Zipped | Concatenated | Transformed)[];
  longest?: boolean;
  fill?: unknown;
}

/** One list after the other. */
export interface Concatenated {
  type: 'concat';
  sources: (Items | Output | FromParam | Zipped | Concatenated | Transformed)[];
}

/** Each item given to a function, in the worker, when its task instance runs; `studio.Skip` skips that one. */
export interface Transformed {
  type: 'map';
  source: Items | Output | FromParam | Zipped | Concatenated | Transformed;
  function: string;
  path?: string[];
}

/** Something that tasks make and DAGs wait for. */
export interface AssetSpec {
  name: string;
  uri?: string;
  group?: string;
  extra?: Record<string, unknown>;
}

/** A function that a worker calls with the context when something has happened. */
export interface CallbackSpec {
  on: 'deadline' | 'failure' | 'retry' | 'skipped' | 'success';
  function: string;
  args?: Record<string, unknown>;
  path?: string[];
}

/** A cron expression, evaluated on the wall clock of the DAG's time zone. */
export interface CronSpec {
  type: 'cron';
  expression: string;
}

/**
 * A group of tasks: structure for people, and, with `expand`, what is mapped as a whole.
 *
 * The arguments of an expanded group are in the template context of its tasks as `mapped.<argument>`, and stand
 * for `{"$mapped": "argument"}` in their `config`.
 */
export interface GroupSpec {
  id: string;
  parent?: string;
  label?: string;
  doc?: string;
  expand?: ExpandSpec | null;
}

/** A run that has not succeeded `after` seconds from the reference is late: the callback is called, once. */
export interface DeadlineSpec {
  reference: 'average_runtime' | 'fixed' | 'logical_date' | 'queued_at';
  after?: number;
  at?: string | null;
  runs?: number;
  name?: string;
  callback?: CallbackSpec | null;
}

/** Change what is not part of the spec. */
export interface UpdateDag {
  paused: boolean;
}

/** Start a run by hand. `key`: the same key again gives the same run, once. */
export interface TriggerRun {
  logical_date?: string | null;
  params?: Record<string, unknown>;
  run_id?: string | null;
  key?: string | null;
}

/** Run tasks of a run again; `downstream` takes everything that waits for them too. */
export interface ClearTasks {
  task_ids: string[];
  downstream?: boolean;
  only_failed?: boolean;
}

/** What was wrong and what to do next. */
export interface ErrorDetail {
  code: string;
  message: string;
  hint: string | null;
  field: string | null;
  request_id: string | null;
}

/** Every answer with a status of 400 or more. */
export interface ErrorAnswer {
  error: ErrorDetail;
}

/** Who answers. */
export interface ServerInfo {
  version: string;
  pid: number;
  started_at: string;
  scheduling: boolean;
  database: string;
  workers: number;
  slots: number;
  running: number;
  dag_folder: string | null;
}

/** A run without its tasks. */
export interface RunSummary {
  dag_id: string;
  run_id: string;
  run_type: string;
  state: RunState;
  cancelling: boolean;
  with_failures: boolean;
  version: string;
  run_after: string;
  logical_date: string | null;
  queued_at: string;
  started_at: string | null;
  ended_at: string | null;
  triggered_by: string;
  params: Record<string, unknown>;
  counts: Record<string, number>;
  rev: number;
}

/** A TaskInstance, as lists and graphs show it. */
export interface TaskStatus {
  task_id: string;
  map_index: number;
  state: TaskState;
  try_number: number;
  max_tries: number;
  started_at: string | null;
  ended_at: string | null;
  retry_at: string | null;
  rev: number;
}

/** A run with all its tasks. */
export interface RunDetail {
  run: RunSummary;
  tasks: TaskStatus[];
}

/** Newest first. `next` is the `before` of the next page, or null at the end. */
export interface RunPage {
  runs: RunSummary[];
  next: string | null;
}

/** A task in the graph of a DAG. */
export interface TaskNode {
  id: string;
  kind: string;
  upstream: string[];
  trigger_rule: string;
  retries: number;
  label: string;
}

/** A DAG in a list, with its newest runs (newest first). */
export interface DagSummary {
  dag_id: string;
  description: string;
  tags: string[];
  paused: boolean;
  schedule: string | null;
  timezone: string;
  next_run: string | null;
  version: string;
  task_count: number;
  runs: RunSummary[];
  error: string | null;
  rev: number;
}

/** A DAG with its graph. */
export interface DagDetail {
  dag: DagSummary;
  tasks: TaskNode[];
  spec: DagSpec;
}

/** A file of the DAG folder. */
export interface DagFileStatus {
  path: string;
  dag_ids: string[];
  error: string | null;
  error_line: number | null;
  parsed_at: string;
}

export interface DagList {
  dags: DagSummary[];
  files: DagFileStatus[];
}

/** One try of a task. */
export interface AttemptInfo {
  id: number;
  try_number: number;
  state: AttemptState;
  queued_at: string;
  started_at: string | null;
  ended_at: string | null;
  worker: string | null;
  error: string | null;
  value: unknown;
  details: Record<string, unknown>;
  directory: string;
  output_path: string | null;
}

/** A TaskInstance with its attempts, oldest first, and why it is not running (in words; may be empty). */
export interface TaskDetail {
  dag_id: string;
  run_id: string;
  task: TaskStatus;
  node: TaskNode;
  attempts: AttemptInfo[];
  why: string[];
}

/** A cell of an executed notebook. `outputs` are nbformat 4 outputs. */
export interface CellOutput {
  index: number;
  cell_type: string;
  source: string;
  state: 'failed' | 'running' | 'skipped' | 'success' | 'waiting';
  execution_count: number | null;
  outputs: Record<string, unknown>[];
  duration: number | null;
}

/** What a notebook task has produced so far. `try_number` 0: nothing was started yet. */
export interface TaskOutput {
  attempt_id: number | null;
  try_number: number;
  state: TaskState;
  cells: CellOutput[];
  cells_done: number;
  cells_total: number;
  path: string | null;
  rev: number;
}

export interface TaskLog {
  attempt_id: number | null;
  try_number: number;
  text: string;
  truncated: boolean;
}

/**
 * Client → server: replaces what this connection listens to.
 *
 * `dags`: summaries of all DAGs. `dag_ids`: runs and tasks of these. `outputs`: "dag_id/run_id/task_id/map_index".
 */
export interface Subscribe {
  type: 'subscribe';
  dags?: boolean;
  dag_ids?: string[];
  outputs?: string[];
}

/** Server → client, first and after each `subscribe`: what comes now is complete; fetch what is shown once. */
export interface Hello {
  type: 'hello';
  server: string;
}

export interface DagChanged {
  type: 'dag';
  dag: DagSummary;
}

export interface DagRemoved {
  type: 'dag_removed';
  dag_id: string;
}

/** A run and those of its tasks that changed. */
export interface RunChanged {
  type: 'run';
  run: RunSummary;
  tasks: TaskStatus[];
}

/** Cells that changed, each complete. `reset`: the cells are all there are (a new attempt began). */
export interface OutputChanged {
  type: 'output';
  topic: string;
  attempt_id: number;
  try_number: number;
  cells: CellOutput[];
  cells_done: number;
  cells_total: number;
  rev: number;
  reset: boolean;
}

/** Events were dropped because the client was too slow: fetch again. */
export interface Resync {
  type: 'resync';
}

/** The last message of the client was refused. */
export interface StreamError {
  type: 'error';
  message: string;
}

/** Server → client on the stream. */
export type ServerMessage = Hello | DagChanged | DagRemoved | RunChanged | OutputChanged | Resync | StreamError;

/** Client → server on the stream. */
export type ClientMessage = Subscribe;

/** Operation id → method and path; `{name}` is one URL-encoded segment. */
export const routes = {
  server_info: { method: 'GET', path: '/api/server' },
  openapi: { method: 'GET', path: '/api/openapi.json' },
  stop_server: { method: 'POST', path: '/api/server/stop' },
  list_dags: { method: 'GET', path: '/api/dags' },
  get_dag: { method: 'GET', path: '/api/dags/{dag_id}' },
  publish_dag: { method: 'PUT', path: '/api/dags/{dag_id}' },
  update_dag: { method: 'PATCH', path: '/api/dags/{dag_id}' },
  delete_dag: { method: 'DELETE', path: '/api/dags/{dag_id}' },
  put_source: { method: 'PUT', path: '/api/sources/{digest}' },
  trigger_run: { method: 'POST', path: '/api/dags/{dag_id}/runs' },
  list_runs: { method: 'GET', path: '/api/runs' },
  get_run: { method: 'GET', path: '/api/dags/{dag_id}/runs/{run_id}' },
  cancel_run: { method: 'POST', path: '/api/dags/{dag_id}/runs/{run_id}/cancel' },
  clear_tasks: { method: 'POST', path: '/api/dags/{dag_id}/runs/{run_id}/clear' },
  get_task: { method: 'GET', path: '/api/dags/{dag_id}/runs/{run_id}/tasks/{task_id}' },
  get_output: { method: 'GET', path: '/api/dags/{dag_id}/runs/{run_id}/tasks/{task_id}/output' },
  get_notebook: { method: 'GET', path: '/api/dags/{dag_id}/runs/{run_id}/tasks/{task_id}/notebook' },
  get_log: { method: 'GET', path: '/api/dags/{dag_id}/runs/{run_id}/tasks/{task_id}/log' }
} as const;

export const STREAM_PATH = '/api/stream';

export type Operation = keyof typeof routes;

/** What each operation takes and answers with. */
export interface Operations {
  server_info: { path: Record<string, never>; query: Record<string, never>; body: undefined; answer: ServerInfo };
  openapi: { path: Record<string, never>; query: Record<string, never>; body: undefined; answer: Record<string, unknown> };
  stop_server: { path: Record<string, never>; query: Record<string, never>; body: undefined; answer: undefined };
  list_dags: { path: Record<string, never>; query: { runs?: string | number | undefined }; body: undefined; answer: DagList };
  get_dag: { path: { dag_id: string }; query: { version?: string | number | undefined }; body: undefined; answer: DagDetail };
  publish_dag: { path: { dag_id: string }; query: Record<string, never>; body: PublishDag; answer: DagDetail };
  update_dag: { path: { dag_id: string }; query: Record<string, never>; body: UpdateDag; answer: DagDetail };
  delete_dag: { path: { dag_id: string }; query: Record<string, never>; body: undefined; answer: undefined };
  put_source: { path: { digest: string }; query: Record<string, never>; body: Uint8Array; answer: undefined };
  trigger_run: { path: { dag_id: string }; query: Record<string, never>; body: TriggerRun; answer: RunDetail };
  list_runs: { path: Record<string, never>; query: { dag_id?: string | number | undefined; state?: string | number | undefined; before?: string | number | undefined; limit?: string | number | undefined }; body: undefined; answer: RunPage };
  get_run: { path: { dag_id: string; run_id: string }; query: Record<string, never>; body: undefined; answer: RunDetail };
  cancel_run: { path: { dag_id: string; run_id: string }; query: Record<string, never>; body: undefined; answer: RunDetail };
  clear_tasks: { path: { dag_id: string; run_id: string }; query: Record<string, never>; body: ClearTasks; answer: RunDetail };
  get_task: { path: { dag_id: string; run_id: string; task_id: string }; query: { map_index?: string | number | undefined }; body: undefined; answer: TaskDetail };
  get_output: { path: { dag_id: string; run_id: string; task_id: string }; query: { map_index?: string | number | undefined; try_number?: string | number | undefined }; body: undefined; answer: TaskOutput };
  get_notebook: { path: { dag_id: string; run_id: string; task_id: string }; query: { map_index?: string | number | undefined; try_number?: string | number | undefined }; body: undefined; answer: Blob };
  get_log: { path: { dag_id: string; run_id: string; task_id: string }; query: { map_index?: string | number | undefined; try_number?: string | number | undefined }; body: undefined; answer: TaskLog };
}
