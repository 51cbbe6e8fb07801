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

/** What a backfill does about one date, and why. */
export interface BackfillDate {
  run_id: string | null;
  logical_date: string | null;
  interval_start: string | null;
  interval_end: string | null;
  decision: 'clear' | 'create' | 'skip';
  reason: string;
}

/** A backfill and how far it is. */
export interface BackfillInfo {
  id: number;
  dag_id: string;
  state: 'cancelled' | 'done' | 'paused' | 'running';
  start: string | null;
  end: string | null;
  reprocess: 'all' | 'failed' | 'missing';
  reverse: boolean;
  max_active_runs: number;
  tasks: string[];
  params: Record<string, unknown>;
  note: string;
  created_at: string;
  ended_at: string | null;
  actor: string;
  runs: number;
  counts: Record<string, number>;
  ended: number;
  seconds_left: number | null;
  rev: number;
}

/** Newest first. */
export interface BackfillList {
  backfills: BackfillInfo[];
}

/** What a backfill would do. `seconds`: an estimate from the durations of earlier runs; null: there are none. */
export interface BackfillPreview {
  runs: BackfillDate[];
  counts: Record<string, number>;
  seconds: number | null;
}

/**
 * `cancel` leaves what runs alone unless `stop_running`; `extend` adds runs up to `end`, or for `dates`.
 *
 * `limit` changes `max_active_runs` only; the others may do so too.
 */
export interface ChangeBackfill {
  action: 'cancel' | 'extend' | 'limit' | 'pause' | 'unpause';
  stop_running?: boolean;
  end?: string | null;
  dates?: string[] | null;
  max_active_runs?: number | null;
}

/**
 * Which runs: those of the schedule from `start` to `end` (logical dates, both included), or those of a list.
 *
 * Dates are ISO 8601; one without offset is in the DAG's time zone, a day is its midnight. `reprocess`: of runs that
 * there are already, leave them ("missing"), repeat those that failed ("failed") or all that have ended ("all").
 */
export interface CreateBackfill {
  start?: string | null;
  end?: string | null;
  dates?: string[] | null;
  params_list?: Record<string, unknown>[] | null;
  reprocess?: 'all' | 'failed' | 'missing';
  reverse?: boolean;
  max_active_runs?: number;
  tasks?: string[];
  upstream?: boolean;
  params?: Record<string, unknown>;
  version?: string;
  note?: string | null;
  key?: string | null;
}

/** Something wrong with the cells, or hardly meant so. */
export interface CellProblem {
  code: string;
  message: string;
  hint: string;
  cell: number | null;
  line: number | null;
  severity: 'error' | 'warning';
  task: string | null;
}

/** A name that a task takes from outside of its cell. */
export interface CellRead {
  name: string;
  by: string;
}

/** What the cells come to. The fields are those of the graph that `%dag` shows. */
export interface CellsChecked {
  dag_id: string;
  tasks: CellTask[];
  problems: CellProblem[];
}

/** A %%task cell. */
export interface CellTask {
  id: string;
  cell: number;
  kind: string;
  upstream: string[];
  label: string;
  reads: CellRead[];
  gives: string[];
}

/** The sources of all code cells, in the order of the notebook. */
export interface CheckCells {
  cells: string[];
}

/** A DAG with its graph. */
export interface DagDetail {
  dag: DagSummary;
  tasks: TaskNode[];
  spec: DagSpec;
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
  failures: number;
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
  ending: RunState | null;
  reason: string;
  interval_start: string | null;
  interval_end: string | null;
  backfill: number | null;
  subset: string[];
  note: string;
  triggered_by_task: TaskLink | null;
}

/** Where a task instance is found. */
export interface TaskLink {
  dag_id: string;
  run_id: string;
  task_id: string;
  map_index: number;
}

/** A task in the graph of a DAG. */
export interface TaskNode {
  id: string;
  kind: string;
  upstream: string[];
  trigger_rule: string;
  retries: number;
  label: string;
  group: string;
  role: string;
  mapped: boolean;
  pool: string;
}

/** A whole DAG. Dates are ISO 8601 text; a date without offset is in `timezone`. */
export interface DagSpec {
  id: string;
  tasks: TaskSpec[];
  format?: number;
  description?: string;
  schedule?: CronSpec | CronsSpec | IntervalSpec | DataIntervalSpec | CalendarSpec | OnceSpec | ContinuousSpec | AssetsSpec | AssetOrTimeSpec | null;
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
  connections?: string[];
  variables?: string[];
  cache?: CacheSpec | null;
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

/** The result of an earlier run counts if code, arguments and input values are the same. */
export interface CacheSpec {
  expires?: number | null;
  version?: string;
}

/** A cron expression or preset, evaluated on the wall clock of the DAG's time zone. */
export interface CronSpec {
  type: 'cron';
  expression: string;
}

/** Several cron expressions: a run whenever one of them fires, and only one if several do. */
export interface CronsSpec {
  type: 'crons';
  expressions: string[];
}

/**
 * Every `seconds`, counted from start_date, or else from local midnight of 1970-01-01.
 *
 * Whole days keep the wall-clock time when clocks change; anything else is real time.
 */
export interface IntervalSpec {
  type: 'interval';
  seconds: number;
}

/** A run for each interval between two ticks: it starts at the interval's end, its logical date is its start. */
export interface DataIntervalSpec {
  type: 'data_interval';
  every: CronSpec | CronsSpec | IntervalSpec;
}

/** A cron expression that knows business days, holidays and blackouts. */
export interface CalendarSpec {
  type: 'calendar';
  expression: string;
  business_days?: string;
  holidays?: string[];
  blackouts?: [string, string][];
  on_holiday?: 'next' | 'previous' | 'skip';
}

/** One scheduled run: at start_date, or without one when the DAG is first published. */
export interface OnceSpec {
  type: 'once';
}

/** A new run as soon as none is active. */
export interface ContinuousSpec {
  type: 'continuous';
}

/** A run when the events since the last such run make the condition true. */
export interface AssetsSpec {
  type: 'assets';
  condition: AssetRef | AssetAll | AssetAny;
}

/** True when there is an event of this asset. */
export interface AssetRef {
  type: 'asset';
  name: string;
}

/** True when all of these are. */
export interface AssetAll {
  type: 'all';
  of: (AssetRef | AssetAll | AssetAny)[];
}

/** True when one of these is. */
export interface AssetAny {
  type: 'any';
  of: (AssetRef | AssetAll | AssetAny)[];
}

/** A run at each tick of `time`, and one whenever the condition is true. */
export interface AssetOrTimeSpec {
  type: 'asset_or_time';
  condition: AssetRef | AssetAll | AssetAny;
  time: CronSpec | CronsSpec | IntervalSpec | DataIntervalSpec | CalendarSpec | OnceSpec;
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

/** A DAG of a list for which it could not be done. */
export interface DagRefusal {
  dag_id: string;
  error: ErrorDetail;
}

/** What was wrong and what to do next. */
export interface ErrorDetail {
  code: string;
  message: string;
  hint: string | null;
  field: string | null;
  request_id: string | null;
}

/** For which DAGs of a list it was done, and for which not. */
export interface DagsDone {
  done: string[];
  refused: DagRefusal[];
}

/** A run that a schedule asks for. */
export interface NextRun {
  run_after: string;
  logical_date: string;
  interval_start: string;
  interval_end: string;
  local: string;
}

/** A schedule that is not part of a DAG yet. Dates without offset are in `timezone`. */
export interface PreviewSchedule {
  schedule: CronSpec | CronsSpec | IntervalSpec | DataIntervalSpec | CalendarSpec | OnceSpec | ContinuousSpec | AssetsSpec | AssetOrTimeSpec;
  timezone?: string;
  start_date?: string | null;
  end_date?: string | null;
  after?: string | null;
  count?: number;
}

/** Register a DAG, or a new version of it. */
export interface PublishDag {
  spec: DagSpec;
}

/** The next runs of a schedule; fewer than asked for if it ends, none if no clock decides on it. */
export interface SchedulePreview {
  text: string;
  words: string;
  timezone: string;
  runs: NextRun[];
}

/** What a task of a version consists of, as text. */
export interface TaskCode {
  task_id: string;
  kind: string;
  where: string;
  settings: string;
  code: string;
  language: string;
}

/** Change what is not part of the spec. */
export interface UpdateDag {
  paused: boolean;
}

/** The same change of several DAGs. */
export interface UpdateDags {
  dag_ids: string[];
  paused: boolean;
}

/** A version of a DAG as text, for reading and for comparing. */
export interface VersionCode {
  settings: string;
  tasks: TaskCode[];
}

/** A version with its spec. */
export interface VersionDetail {
  version: VersionSummary;
  spec: DagSpec;
}

/** A version of a DAG. */
export interface VersionSummary {
  version: string;
  created_at: string;
  runs: number;
  current: boolean;
}

/** Newest first. */
export interface VersionList {
  versions: VersionSummary[];
}

/** The DAGs of a file, in its order, and what is hardly meant so, with its place. */
export interface FilePublished {
  dags: DagSummary[];
  warnings: string[];
}

/** A notebook on the server's machine: relative to its directory of notebooks, or absolute. */
export interface InspectNotebook {
  path: string;
}

/** What a notebook is and takes. */
export interface NotebookInfo {
  path: string;
  language: string;
  kernel_name: string | null;
  parameters: Record<string, unknown>;
  cells: number;
  warnings: string[];
  digest: string;
}

/** What came of it. */
export interface NotebookPublished {
  dag: DagDetail;
  run: RunDetail | null;
}

/** A run with all its tasks. */
export interface RunDetail {
  run: RunSummary;
  tasks: TaskStatus[];
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
  map_path: number[];
  label: string;
  note: string;
  waiting_since: string | null;
  looks: number;
}

/** Who is told how runs end: a connection to a webhook (https) or a mail server (smtp, smtps). */
export interface Notify {
  connection: string;
  on?: ('failure' | 'success')[];
  to?: string[];
}

/** A DAG file: a notebook or a Python file that defines DAGs. */
export interface PublishFile {
  path: string;
}

/** A DAG of one notebook. Text in `parameters` may hold templates; those that are left out have their default. */
export interface PublishNotebook {
  path: string;
  dag_id?: string | null;
  description?: string;
  schedule?: CronSpec | CronsSpec | IntervalSpec | DataIntervalSpec | CalendarSpec | OnceSpec | ContinuousSpec | AssetsSpec | AssetOrTimeSpec | null;
  timezone?: string;
  start_date?: string | null;
  end_date?: string | null;
  parameters?: Record<string, unknown>;
  kernel_name?: string | null;
  retries?: number;
  retry_delay?: number;
  timeout?: number | null;
  source?: 'latest' | 'snapshot';
  export?: ('html' | 'pdf')[];
  copy_to?: string | null;
  notify?: Notify | null;
  replace?: boolean;
  start?: boolean;
}

/**
 * What the notebook of a task takes, and what the DAG gives to it.
 *
 * In `parameters`, `x-studio-param` names the param of the run that sets a property; one that is `readOnly` is filled
 * in when the task runs; `x-studio-inferred` marks a type that is only that of the default.
 */
export interface TaskParameters {
  task_id: string;
  path: string;
  parameters: Record<string, unknown>;
  warnings: string[];
}

/** A task that waits for a person. */
export interface Approval {
  dag_id: string;
  run_id: string;
  task: TaskStatus;
  subject: string;
  body: string;
  options: string[];
  default: string[];
  multiple: boolean;
  params: Record<string, unknown>;
  param_schemas: Record<string, unknown>;
}

/** Everything that waits for a person, the longest wait first. */
export interface ApprovalList {
  approvals: Approval[];
}

/** A task instance that a command is about, with the state it had before. */
export interface ChosenTask {
  run_id: string;
  task_id: string;
  map_index: number;
  state: TaskState;
}

/** How many task instances run again (or would), and the first thousand of them. */
export interface ClearAnswer {
  cleared: number;
  tasks: ChosenTask[];
}

/** Run tasks of any number of runs again. `past` and `future` take the runs before and after these too. */
export interface ClearRuns {
  run_ids: string[];
  task_ids?: string[];
  map_index?: number | null;
  upstream?: boolean;
  downstream?: boolean;
  past?: boolean;
  future?: boolean;
  only_failed?: boolean;
  only_running?: boolean;
  only_new?: boolean;
  params?: Record<string, unknown>;
  version?: string;
  note?: string | null;
  dry_run?: boolean;
}

/** Run tasks of a run again; `downstream` takes everything that waits for them too. */
export interface ClearTasks {
  task_ids: string[];
  map_index?: number | null;
  upstream?: boolean;
  downstream?: boolean;
  only_failed?: boolean;
  only_running?: boolean;
  only_new?: boolean;
  params?: Record<string, unknown>;
  version?: string;
  note?: string | null;
}

/** Days that have runs, in order. */
export interface DayList {
  days: DayRuns[];
}

/** The runs for a day, which is one of the DAG's time zone. */
export interface DayRuns {
  day: string;
  counts: Record<string, number>;
}

/** Runs × tasks, newest first. `next` is the `before` of the next page, or null at the end. */
export interface Grid {
  tasks: string[];
  rows: GridRow[];
  next: string | null;
}

/** A run with the states of its tasks. */
export interface GridRow {
  run: RunSummary;
  cells: GridCells[];
}

/** The tasks of a run that are in one state. */
export interface GridCells {
  state: TaskState;
  tasks: number[];
  counts: number[];
}

/** How many task instances were marked (or would be), and the first thousand of them. */
export interface MarkAnswer {
  marked: number;
  tasks: ChosenTask[];
}

/** Say how runs ended: what runs is ended, what has not begun is skipped. */
export interface MarkRuns {
  run_ids: string[];
  state: 'failed' | 'success';
  note?: string | null;
}

/** Say how tasks ended. `value`: what the task is to have returned; only of one task, marked as success. */
export interface MarkTasks {
  run_ids: string[];
  task_ids: string[];
  state: 'failed' | 'skipped' | 'success';
  map_index?: number | null;
  upstream?: boolean;
  downstream?: boolean;
  past?: boolean;
  future?: boolean;
  value?: unknown;
  note?: string | null;
  dry_run?: boolean;
}

/** One thing that holds something: `code` for programs, `message` for people, `facts` as data. */
export interface ReasonInfo {
  code: string;
  message: string;
  facts: Record<string, unknown>;
}

/** The answer to an approval. */
export interface Respond {
  options: string[];
  params?: Record<string, unknown>;
}

/** An attempt, as a chart of its run shows it. */
export interface RunAttempt {
  task_id: string;
  map_index: number;
  try_number: number;
  state: AttemptState;
  queued_at: string;
  started_at: string | null;
  ended_at: string | null;
  worker: string | null;
}

/** All attempts of a run, in the order in which they were queued. */
export interface RunAttempts {
  attempts: RunAttempt[];
}

/** Where a run is found. */
export interface RunLink {
  dag_id: string;
  run_id: string;
}

/** Newest first. `next` is the `before` of the next page, or null at the end. */
export interface RunPage {
  runs: RunSummary[];
  next: string | null;
}

/** How many runs were cancelled, marked or deleted. */
export interface RunsDone {
  runs: number;
}

/** Runs of one DAG. */
export interface SelectRuns {
  run_ids: string[];
}

/** A text that people leave for people; empty: none. */
export interface SetNote {
  note: string;
}

/** Start a run by hand. `key`: the same key again gives the same run, once. */
export interface TriggerRun {
  logical_date?: string | null;
  params?: Record<string, unknown>;
  run_id?: string | null;
  key?: string | null;
  note?: string | null;
  interval?: [string, string] | null;
  subset?: string[];
  if_paused?: 'queue' | 'refuse' | 'unpause';
  refresh_cache?: boolean;
}

/** Why a run or a task instance does not go on, the nearest first; empty if it runs, or has ended. */
export interface WhyAnswer {
  state: string;
  reasons: ReasonInfo[];
}

/** That there is a connection, and which of its fields are set. Their values stay in the server. */
export interface ConnectionInfo {
  name: string;
  description: string;
  updated_at: number;
  fields: string[];
  error: string | null;
}

export interface ConnectionList {
  connections: ConnectionInfo[];
}

/** How many were sealed with the new key. */
export interface SecretsRotated {
  connections: number;
  variables: number;
}

/** Make a connection, or replace it: by `url`, or by the other fields. Those beside a `url` come before its own. */
export interface SetConnection {
  url?: string | null;
  type?: string | null;
  host?: string | null;
  port?: number | null;
  login?: string | null;
  password?: string | null;
  schema?: string | null;
  extra?: Record<string, unknown> | null;
  description?: string;
}

/** Make a variable, or replace it. */
export interface SetVariable {
  value: unknown;
  secret?: boolean;
  description?: string;
}

/** A variable; `value` is null if it is secret. */
export interface VariableInfo {
  name: string;
  value: unknown;
  secret: boolean;
  description: string;
  updated_at: number;
}

export interface VariableList {
  variables: VariableInfo[];
}

/** What somebody asked for. */
export interface AuditEntry {
  id: number;
  at: string;
  actor: string;
  dag_id: string;
  action: string;
  state: 'done' | 'pending' | 'refused';
  about: Record<string, unknown>;
  error: string | null;
}

/** Newest first. `next` is the `before` of the next page, or null at the end. */
export interface AuditPage {
  entries: AuditEntry[];
  next: string | null;
}

/** Every answer with a status of 400 or more. */
export interface ErrorAnswer {
  error: ErrorDetail;
}

/** Where a browser becomes logged in. It works once. */
export interface LoginLink {
  path: string;
  seconds: number;
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

/** An asset was made anew: by a task, or by hand (then `dag_id` is empty). */
export interface AssetEventInfo {
  id: number;
  asset: string;
  at: string;
  extra: Record<string, unknown>;
  dag_id: string;
  run_id: string;
  task_id: string;
  map_index: number;
  actor: string;
}

/** Newest first. `next` is the `before` of the next page, or null at the end. */
export interface AssetEventPage {
  events: AssetEventInfo[];
  next: string | null;
}

/** Something that tasks make and DAGs wait for. */
export interface AssetInfo {
  name: string;
  uri: string;
  group: string;
  extra: Record<string, unknown>;
  created_at: string;
  producers: AssetTask[];
  readers: AssetTask[];
  consumers: string[];
}

/** A task that makes or reads an asset. */
export interface AssetTask {
  dag_id: string;
  task_id: string;
}

export interface AssetList {
  assets: AssetInfo[];
}

/** Say by hand that an asset was made anew. `key`: the same key again is the same event. */
export interface EmitEvent {
  asset: string;
  extra?: Record<string, unknown>;
  key?: string | null;
}

/** The event, and the DAGs that run because of it. */
export interface EventEmitted {
  event: number;
  dags: string[];
}

/** Have an asset made: run the DAG whose task makes it. `dag_id`: which one, if several do. */
export interface Materialize {
  asset: string;
  dag_id?: string | null;
  key?: string | null;
}

/** A limit that tasks of any DAGs share. */
export interface PoolInfo {
  name: string;
  slots: number;
  used: number;
  free: number | null;
  description: string;
  include_deferred: boolean;
}

export interface PoolList {
  pools: PoolInfo[];
}

/** An asset that a DAG waits for, with the events that it has not used yet. */
export interface QueuedAsset {
  asset: string;
  events: number[];
}

/** What of a DAG's condition over assets is there. */
export interface QueuedEvents {
  dag_id: string;
  condition: string | null;
  assets: QueuedAsset[];
}

/** Make a pool, or change it. `slots` -1: no limit. */
export interface SetPool {
  slots: number;
  description?: string | null;
  include_deferred?: boolean | null;
}

/** A DAG whose current version uses something that DAGs share. */
export interface Use {
  dag_id: string;
  paused: boolean;
  tasks: string[];
}

/** Who uses a pool, a variable or a connection; programs that ask the server themselves are not known. */
export interface Uses {
  dags: Use[];
}

/** A backfill was made, paused, unpaused, extended, cancelled or is over: fetch it again. */
export interface BackfillChanged {
  type: 'backfill';
  dag_id: string;
  backfill_id: number;
  state: 'cancelled' | 'done' | 'paused' | 'running';
}

/**
 * Client → server: replaces what this connection listens to.
 *
 * `dags`: summaries of all DAGs. `dag_ids`: runs and tasks of these. `outputs`, `logs`: of the task instances
 * "dag_id/run_id/task_id/map_index". `whys`: why such task instances do not go on.
 */
export interface Subscribe {
  type: 'subscribe';
  dags?: boolean;
  dag_ids?: string[];
  outputs?: string[];
  logs?: string[];
  whys?: string[];
}

export interface DagChanged {
  type: 'dag';
  dag: DagSummary;
}

export interface DagRemoved {
  type: 'dag_removed';
  dag_id: string;
}

/** All files of the DAG folder, to who listens to `dags`, when one of them has changed. */
export interface FilesChanged {
  type: 'files';
  files: DagFileStatus[];
}

/** Server → client, first and after each `subscribe`: what comes now is complete; fetch what is shown once. */
export interface Hello {
  type: 'hello';
  server: string;
}

/**
 * The log of a task's latest attempt has grown, from byte `start` to byte `end`.
 *
 * The first after a `subscribe`, and of each attempt, has no records: it tells how far the log is. A client that has
 * less than `start` fetches what is between (`get_log` with `after`).
 */
export interface LogAppended {
  type: 'log';
  topic: string;
  attempt_id: number;
  try_number: number;
  records: LogRecord[];
  start: number;
  end: number;
  skipped: number;
  ended: boolean;
}

/** A record of a log; `text` may have several lines. */
export interface LogRecord {
  offset: number;
  time: number | null;
  level: 'CRITICAL' | 'DEBUG' | 'ERROR' | 'INFO' | 'WARNING';
  source: string;
  text: string;
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

/** A cell of an executed notebook. `outputs` are nbformat 4 outputs. */
export interface CellOutput {
  index: number;
  cell_type: string;
  source: string;
  state: 'failed' | 'running' | 'skipped' | 'success' | 'waiting';
  execution_count: number | null;
  outputs: Record<string, unknown>[];
  duration: number | null;
  cpu: number | null;
  peak_memory: number | null;
  hidden: boolean;
  elided: boolean;
}

/** Events were dropped because the client was too slow: fetch again. */
export interface Resync {
  type: 'resync';
}

/** A run and those of its tasks that changed. */
export interface RunChanged {
  type: 'run';
  run: RunSummary;
  tasks: TaskStatus[];
}

/** The last message of the client was refused. */
export interface StreamError {
  type: 'error';
  message: string;
}

/** Why a task instance does not go on has changed; empty: nothing holds it. */
export interface WhyChanged {
  type: 'why';
  topic: string;
  why: string[];
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
  source_changed: boolean | null;
}

/** A TaskInstance with its attempts, oldest first, and why it is not running (in words; may be empty). */
export interface TaskDetail {
  dag_id: string;
  run_id: string;
  task: TaskStatus;
  node: TaskNode;
  attempts: AttemptInfo[];
  why: string[];
  source_changed: boolean | null;
  triggered_run: RunLink | null;
}

/**
 * Records of a log, oldest first: those asked for that stand from byte `start` to before byte `end`.
 *
 * `truncated`: more was asked for than is given: before `start`, or with `after` from `end` on.
 */
export interface TaskLog {
  attempt_id: number | null;
  try_number: number;
  records: LogRecord[];
  start: number;
  end: number;
  size: number;
  truncated: boolean;
  ended: boolean;
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

export interface ArrayPreview {
  kind: 'array';
  shape: number[];
  dtype: string;
  text: string;
}

export interface BytesPreview {
  kind: 'bytes';
  hex: string;
  total: number;
}

/** A thumbnail, in base64, of a picture of this size in pixels. */
export interface ImagePreview {
  kind: 'image';
  mime: string;
  data: string;
  width: number;
  height: number;
}

/** The first rows; the columns of the index come first. */
export interface TablePreview {
  kind: 'table';
  columns: string[];
  types: string[];
  rows: ((string | null)[])[];
  total: number[];
}

export interface TextPreview {
  kind: 'text';
  text: string;
  truncated: boolean;
}

/** A value of an attempt. One without a digest is JSON that stands in the database. */
export interface ValueInfo {
  name: string;
  is_returned: boolean;
  format: string;
  type: string;
  size: number;
  digest: string | null;
  schema: Record<string, unknown> | null;
  preview: TablePreview | ArrayPreview | ImagePreview | TextPreview | BytesPreview | null;
}

/** What an attempt left, the returned value first. `try_number` 0: nothing was started yet. */
export interface ValueList {
  attempt_id: number | null;
  try_number: number;
  values: ValueInfo[];
}

/** Server → client on the stream. */
export type ServerMessage = Hello | DagChanged | DagRemoved | BackfillChanged | FilesChanged | RunChanged | OutputChanged | LogAppended | WhyChanged | Resync | StreamError;

/** Client → server on the stream. */
export type ClientMessage = Subscribe;

/** Operation id → method and path; `{name}` is one URL-encoded segment. */
export const routes = {
  server_info: { method: 'GET', path: '/api/server' },
  openapi: { method: 'GET', path: '/api/openapi.json' },
  stop_server: { method: 'POST', path: '/api/server/stop' },
  new_login: { method: 'POST', path: '/api/logins' },
  list_audit: { method: 'GET', path: '/api/audit' },
  end_logins: { method: 'DELETE', path: '/api/logins' },
  put_source: { method: 'PUT', path: '/api/sources/{digest}' },
  list_dags: { method: 'GET', path: '/api/dags' },
  update_dags: { method: 'PATCH', path: '/api/dags' },
  get_dag: { method: 'GET', path: '/api/dags/{dag_id}' },
  publish_dag: { method: 'PUT', path: '/api/dags/{dag_id}' },
  update_dag: { method: 'PATCH', path: '/api/dags/{dag_id}' },
  delete_dag: { method: 'DELETE', path: '/api/dags/{dag_id}' },
  list_versions: { method: 'GET', path: '/api/dags/{dag_id}/versions' },
  get_version: { method: 'GET', path: '/api/dags/{dag_id}/versions/{version}' },
  get_code: { method: 'GET', path: '/api/dags/{dag_id}/versions/{version}/code' },
  next_runs: { method: 'GET', path: '/api/dags/{dag_id}/next' },
  preview_schedule: { method: 'POST', path: '/api/schedules/preview' },
  inspect_notebook: { method: 'POST', path: '/api/notebooks/inspect' },
  publish_notebook: { method: 'POST', path: '/api/notebooks/publish' },
  publish_file: { method: 'POST', path: '/api/dag-files/publish' },
  task_parameters: { method: 'GET', path: '/api/dags/{dag_id}/tasks/{task_id}/parameters' },
  check_cells: { method: 'POST', path: '/api/cells/check' },
  trigger_run: { method: 'POST', path: '/api/dags/{dag_id}/runs' },
  list_runs: { method: 'GET', path: '/api/runs' },
  get_grid: { method: 'GET', path: '/api/dags/{dag_id}/grid' },
  list_days: { method: 'GET', path: '/api/dags/{dag_id}/days' },
  get_run: { method: 'GET', path: '/api/dags/{dag_id}/runs/{run_id}' },
  list_attempts: { method: 'GET', path: '/api/dags/{dag_id}/runs/{run_id}/attempts' },
  why_run: { method: 'GET', path: '/api/dags/{dag_id}/runs/{run_id}/why' },
  cancel_run: { method: 'POST', path: '/api/dags/{dag_id}/runs/{run_id}/cancel' },
  clear_tasks: { method: 'POST', path: '/api/dags/{dag_id}/runs/{run_id}/clear' },
  set_run_note: { method: 'PUT', path: '/api/dags/{dag_id}/runs/{run_id}/note' },
  clear_runs: { method: 'POST', path: '/api/dags/{dag_id}/clear' },
  mark_tasks: { method: 'POST', path: '/api/dags/{dag_id}/mark' },
  mark_runs: { method: 'POST', path: '/api/dags/{dag_id}/mark-runs' },
  cancel_runs: { method: 'POST', path: '/api/dags/{dag_id}/cancel' },
  delete_runs: { method: 'POST', path: '/api/dags/{dag_id}/delete-runs' },
  get_task: { method: 'GET', path: '/api/dags/{dag_id}/runs/{run_id}/tasks/{task_id}' },
  why_task: { method: 'GET', path: '/api/dags/{dag_id}/runs/{run_id}/tasks/{task_id}/why' },
  set_task_note: { method: 'PUT', path: '/api/dags/{dag_id}/runs/{run_id}/tasks/{task_id}/note' },
  respond: { method: 'POST', path: '/api/dags/{dag_id}/runs/{run_id}/tasks/{task_id}/respond' },
  list_approvals: { method: 'GET', path: '/api/approvals' },
  get_output: { method: 'GET', path: '/api/dags/{dag_id}/runs/{run_id}/tasks/{task_id}/output' },
  get_notebook: { method: 'GET', path: '/api/dags/{dag_id}/runs/{run_id}/tasks/{task_id}/notebook' },
  export_task: { method: 'GET', path: '/api/dags/{dag_id}/runs/{run_id}/tasks/{task_id}/export' },
  list_values: { method: 'GET', path: '/api/dags/{dag_id}/runs/{run_id}/tasks/{task_id}/values' },
  get_value: { method: 'GET', path: '/api/dags/{dag_id}/runs/{run_id}/tasks/{task_id}/values/{name}' },
  get_log: { method: 'GET', path: '/api/dags/{dag_id}/runs/{run_id}/tasks/{task_id}/log' },
  get_log_text: { method: 'GET', path: '/api/dags/{dag_id}/runs/{run_id}/tasks/{task_id}/log/text' },
  preview_backfill: { method: 'POST', path: '/api/dags/{dag_id}/backfills/preview' },
  create_backfill: { method: 'POST', path: '/api/dags/{dag_id}/backfills' },
  list_backfills: { method: 'GET', path: '/api/backfills' },
  get_backfill: { method: 'GET', path: '/api/backfills/{backfill_id}' },
  change_backfill: { method: 'POST', path: '/api/backfills/{backfill_id}/change' },
  list_connections: { method: 'GET', path: '/api/connections' },
  get_connection: { method: 'GET', path: '/api/connections/{name}' },
  set_connection: { method: 'PUT', path: '/api/connections/{name}' },
  connection_uses: { method: 'GET', path: '/api/connections/{name}/uses' },
  delete_connection: { method: 'DELETE', path: '/api/connections/{name}' },
  list_variables: { method: 'GET', path: '/api/variables' },
  get_variable: { method: 'GET', path: '/api/variables/{name}' },
  set_variable: { method: 'PUT', path: '/api/variables/{name}' },
  variable_uses: { method: 'GET', path: '/api/variables/{name}/uses' },
  delete_variable: { method: 'DELETE', path: '/api/variables/{name}' },
  rotate_secrets: { method: 'POST', path: '/api/secrets/rotate' },
  list_pools: { method: 'GET', path: '/api/pools' },
  set_pool: { method: 'PUT', path: '/api/pools/{name}' },
  pool_uses: { method: 'GET', path: '/api/pools/{name}/uses' },
  delete_pool: { method: 'DELETE', path: '/api/pools/{name}' },
  list_assets: { method: 'GET', path: '/api/assets' },
  list_asset_events: { method: 'GET', path: '/api/assets/events' },
  emit_event: { method: 'POST', path: '/api/assets/events' },
  materialize: { method: 'POST', path: '/api/assets/materialize' },
  queued_events: { method: 'GET', path: '/api/dags/{dag_id}/queued-events' },
  forget_events: { method: 'DELETE', path: '/api/dags/{dag_id}/queued-events' }
} as const;

export const STREAM_PATH = '/api/stream';

export type Operation = keyof typeof routes;

/** What each operation takes and answers with. */
export interface Operations {
  server_info: { path: Record<string, never>; query: Record<string, never>; body: undefined; answer: ServerInfo };
  openapi: { path: Record<string, never>; query: Record<string, never>; body: undefined; answer: Record<string, unknown> };
  stop_server: { path: Record<string, never>; query: Record<string, never>; body: undefined; answer: undefined };
  new_login: { path: Record<string, never>; query: Record<string, never>; body: undefined; answer: LoginLink };
  list_audit: { path: Record<string, never>; query: { dag_id?: string | number | undefined; actor?: string | number | undefined; before?: string | number | undefined; limit?: string | number | undefined }; body: undefined; answer: AuditPage };
  end_logins: { path: Record<string, never>; query: Record<string, never>; body: undefined; answer: undefined };
  put_source: { path: { digest: string }; query: Record<string, never>; body: Uint8Array; answer: undefined };
  list_dags: { path: Record<string, never>; query: { runs?: string | number | undefined }; body: undefined; answer: DagList };
  update_dags: { path: Record<string, never>; query: Record<string, never>; body: UpdateDags; answer: DagsDone };
  get_dag: { path: { dag_id: string }; query: { version?: string | number | undefined }; body: undefined; answer: DagDetail };
  publish_dag: { path: { dag_id: string }; query: Record<string, never>; body: PublishDag; answer: DagDetail };
  update_dag: { path: { dag_id: string }; query: Record<string, never>; body: UpdateDag; answer: DagDetail };
  delete_dag: { path: { dag_id: string }; query: Record<string, never>; body: undefined; answer: undefined };
  list_versions: { path: { dag_id: string }; query: Record<string, never>; body: undefined; answer: VersionList };
  get_version: { path: { dag_id: string; version: string }; query: Record<string, never>; body: undefined; answer: VersionDetail };
  get_code: { path: { dag_id: string; version: string }; query: Record<string, never>; body: undefined; answer: VersionCode };
  next_runs: { path: { dag_id: string }; query: { count?: string | number | undefined }; body: undefined; answer: SchedulePreview };
  preview_schedule: { path: Record<string, never>; query: Record<string, never>; body: PreviewSchedule; answer: SchedulePreview };
  inspect_notebook: { path: Record<string, never>; query: Record<string, never>; body: InspectNotebook; answer: NotebookInfo };
  publish_notebook: { path: Record<string, never>; query: Record<string, never>; body: PublishNotebook; answer: NotebookPublished };
  publish_file: { path: Record<string, never>; query: Record<string, never>; body: PublishFile; answer: FilePublished };
  task_parameters: { path: { dag_id: string; task_id: string }; query: { version?: string | number | undefined }; body: undefined; answer: TaskParameters };
  check_cells: { path: Record<string, never>; query: Record<string, never>; body: CheckCells; answer: CellsChecked };
  trigger_run: { path: { dag_id: string }; query: Record<string, never>; body: TriggerRun; answer: RunDetail };
  list_runs: { path: Record<string, never>; query: { dag_id?: string | number | undefined; state?: string | number | undefined; type?: string | number | undefined; since?: string | number | undefined; until?: string | number | undefined; search?: string | number | undefined; backfill?: string | number | undefined; before?: string | number | undefined; limit?: string | number | undefined }; body: undefined; answer: RunPage };
  get_grid: { path: { dag_id: string }; query: { state?: string | number | undefined; type?: string | number | undefined; since?: string | number | undefined; until?: string | number | undefined; search?: string | number | undefined; before?: string | number | undefined; limit?: string | number | undefined }; body: undefined; answer: Grid };
  list_days: { path: { dag_id: string }; query: { since?: string | number | undefined; until?: string | number | undefined }; body: undefined; answer: DayList };
  get_run: { path: { dag_id: string; run_id: string }; query: Record<string, never>; body: undefined; answer: RunDetail };
  list_attempts: { path: { dag_id: string; run_id: string }; query: Record<string, never>; body: undefined; answer: RunAttempts };
  why_run: { path: { dag_id: string; run_id: string }; query: Record<string, never>; body: undefined; answer: WhyAnswer };
  cancel_run: { path: { dag_id: string; run_id: string }; query: Record<string, never>; body: undefined; answer: RunDetail };
  clear_tasks: { path: { dag_id: string; run_id: string }; query: Record<string, never>; body: ClearTasks; answer: RunDetail };
  set_run_note: { path: { dag_id: string; run_id: string }; query: Record<string, never>; body: SetNote; answer: RunDetail };
  clear_runs: { path: { dag_id: string }; query: Record<string, never>; body: ClearRuns; answer: ClearAnswer };
  mark_tasks: { path: { dag_id: string }; query: Record<string, never>; body: MarkTasks; answer: MarkAnswer };
  mark_runs: { path: { dag_id: string }; query: Record<string, never>; body: MarkRuns; answer: RunsDone };
  cancel_runs: { path: { dag_id: string }; query: Record<string, never>; body: SelectRuns; answer: RunsDone };
  delete_runs: { path: { dag_id: string }; query: Record<string, never>; body: SelectRuns; answer: RunsDone };
  get_task: { path: { dag_id: string; run_id: string; task_id: string }; query: { map_index?: string | number | undefined }; body: undefined; answer: TaskDetail };
  why_task: { path: { dag_id: string; run_id: string; task_id: string }; query: { map_index?: string | number | undefined }; body: undefined; answer: WhyAnswer };
  set_task_note: { path: { dag_id: string; run_id: string; task_id: string }; query: { map_index?: string | number | undefined }; body: SetNote; answer: TaskStatus };
  respond: { path: { dag_id: string; run_id: string; task_id: string }; query: { map_index?: string | number | undefined }; body: Respond; answer: TaskStatus };
  list_approvals: { path: Record<string, never>; query: { dag_id?: string | number | undefined }; body: undefined; answer: ApprovalList };
  get_output: { path: { dag_id: string; run_id: string; task_id: string }; query: { map_index?: string | number | undefined; try_number?: string | number | undefined }; body: undefined; answer: TaskOutput };
  get_notebook: { path: { dag_id: string; run_id: string; task_id: string }; query: { map_index?: string | number | undefined; try_number?: string | number | undefined }; body: undefined; answer: Blob };
  export_task: { path: { dag_id: string; run_id: string; task_id: string }; query: { map_index?: string | number | undefined; try_number?: string | number | undefined; format?: string | number | undefined }; body: undefined; answer: Blob };
  list_values: { path: { dag_id: string; run_id: string; task_id: string }; query: { map_index?: string | number | undefined; try_number?: string | number | undefined }; body: undefined; answer: ValueList };
  get_value: { path: { dag_id: string; run_id: string; task_id: string; name: string }; query: { map_index?: string | number | undefined; try_number?: string | number | undefined }; body: undefined; answer: Blob };
  get_log: { path: { dag_id: string; run_id: string; task_id: string }; query: { map_index?: string | number | undefined; try_number?: string | number | undefined; level?: string | number | undefined; source?: string | number | undefined; search?: string | number | undefined; after?: string | number | undefined; before?: string | number | undefined; tail?: string | number | undefined }; body: undefined; answer: TaskLog };
  get_log_text: { path: { dag_id: string; run_id: string; task_id: string }; query: { map_index?: string | number | undefined; try_number?: string | number | undefined }; body: undefined; answer: Blob };
  preview_backfill: { path: { dag_id: string }; query: Record<string, never>; body: CreateBackfill; answer: BackfillPreview };
  create_backfill: { path: { dag_id: string }; query: Record<string, never>; body: CreateBackfill; answer: BackfillInfo };
  list_backfills: { path: Record<string, never>; query: { dag_id?: string | number | undefined; state?: string | number | undefined; limit?: string | number | undefined }; body: undefined; answer: BackfillList };
  get_backfill: { path: { backfill_id: string }; query: Record<string, never>; body: undefined; answer: BackfillInfo };
  change_backfill: { path: { backfill_id: string }; query: Record<string, never>; body: ChangeBackfill; answer: BackfillInfo };
  list_connections: { path: Record<string, never>; query: Record<string, never>; body: undefined; answer: ConnectionList };
  get_connection: { path: { name: string }; query: Record<string, never>; body: undefined; answer: ConnectionInfo };
  set_connection: { path: { name: string }; query: Record<string, never>; body: SetConnection; answer: ConnectionInfo };
  connection_uses: { path: { name: string }; query: Record<string, never>; body: undefined; answer: Uses };
  delete_connection: { path: { name: string }; query: Record<string, never>; body: undefined; answer: undefined };
  list_variables: { path: Record<string, never>; query: Record<string, never>; body: undefined; answer: VariableList };
  get_variable: { path: { name: string }; query: Record<string, never>; body: undefined; answer: VariableInfo };
  set_variable: { path: { name: string }; query: Record<string, never>; body: SetVariable; answer: VariableInfo };
  variable_uses: { path: { name: string }; query: Record<string, never>; body: undefined; answer: Uses };
  delete_variable: { path: { name: string }; query: Record<string, never>; body: undefined; answer: undefined };
  rotate_secrets: { path: Record<string, never>; query: Record<string, never>; body: undefined; answer: SecretsRotated };
  list_pools: { path: Record<string, never>; query: Record<string, never>; body: undefined; answer: PoolList };
  set_pool: { path: { name: string }; query: Record<string, never>; body: SetPool; answer: PoolInfo };
  pool_uses: { path: { name: string }; query: Record<string, never>; body: undefined; answer: Uses };
  delete_pool: { path: { name: string }; query: Record<string, never>; body: undefined; answer: undefined };
  list_assets: { path: Record<string, never>; query: Record<string, never>; body: undefined; answer: AssetList };
  list_asset_events: { path: Record<string, never>; query: { asset?: string | number | undefined; before?: string | number | undefined; limit?: string | number | undefined }; body: undefined; answer: AssetEventPage };
  emit_event: { path: Record<string, never>; query: Record<string, never>; body: EmitEvent; answer: EventEmitted };
  materialize: { path: Record<string, never>; query: Record<string, never>; body: Materialize; answer: RunDetail };
  queued_events: { path: { dag_id: string }; query: Record<string, never>; body: undefined; answer: QueuedEvents };
  forget_events: { path: { dag_id: string }; query: { asset?: string | number | undefined }; body: undefined; answer: QueuedEvents };
}
