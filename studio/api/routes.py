"""The routes of the API as data: the server binds handlers to them, the client and OpenAPI are checked against them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from studio.api import models as m


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path. `{name}` in the path is one URL-encoded segment."""

    name: str  # operation id; the handler and the client's method carry it
    method: str
    path: str
    summary: str
    answer: Any  # a Model, bytes for a file, or None for no content
    body: type[m.Body] | None = None
    query: tuple[str, ...] = ()
    status: int = 200
    media: tuple[str, ...] = ("application/x-ipynb+json",)  # of a file
    #: Seconds, if the answer may take long; then the work ends when nobody waits for it.
    patience: float | None = None


_DAG = "/api/dags/{dag_id}"
_RUN = _DAG + "/runs/{run_id}"
_TASK = _RUN + "/tasks/{task_id}"
_BACKFILL = "/api/backfills/{backfill_id}"

_SERVER: Final = (
    Route("server_info", "GET", "/api/server", "Version, health and load of the server.", m.ServerInfo),
    Route("openapi", "GET", "/api/openapi.json", "This API's OpenAPI document.", dict[str, Any]),
    Route(
        "stop_server", "POST", "/api/server/stop", "Stop the server; running tasks go on.", None, status=202
    ),
    Route(
        "new_login",
        "POST",
        "/api/logins",
        "A link that logs in a browser, once.",
        m.LoginLink,
        status=201,
    ),
    Route(
        "list_audit",
        "GET",
        "/api/audit",
        "Who asked for what, newest first.",
        m.AuditPage,
        query=("dag_id", "actor", "before", "limit"),
    ),
    Route("end_logins", "DELETE", "/api/logins", "Log out every browser.", None, status=204),
    Route(
        "put_source",
        "PUT",
        "/api/sources/{digest}",
        "Upload a notebook by the SHA-256 of its content.",
        None,
        status=204,
    ),
)

_DAGS: Final = (
    Route(
        "list_dags",
        "GET",
        "/api/dags",
        "All DAGs with their newest runs, and the DAG folder's files.",
        m.DagList,
        query=("runs",),
    ),
    Route("update_dags", "PATCH", "/api/dags", "Pause or unpause DAGs.", m.DagsDone, body=m.UpdateDags),
    Route("get_dag", "GET", _DAG, "A DAG with its graph.", m.DagDetail, query=("version",)),
    Route(
        "publish_dag",
        "PUT",
        _DAG,
        "Register a DAG or a new version of it.",
        m.DagDetail,
        body=m.PublishDag,
    ),
    Route("update_dag", "PATCH", _DAG, "Pause or unpause a DAG.", m.DagDetail, body=m.UpdateDag),
    Route("delete_dag", "DELETE", _DAG, "Delete a DAG with its history.", None, status=204),
    Route("list_versions", "GET", _DAG + "/versions", "The versions of a DAG, newest first.", m.VersionList),
    Route("get_version", "GET", _DAG + "/versions/{version}", "A version of a DAG.", m.VersionDetail),
    Route(
        "get_code",
        "GET",
        _DAG + "/versions/{version}/code",
        "A version of a DAG as text: its settings and the code of its tasks.",
        m.VersionCode,
    ),
    Route(
        "next_runs",
        "GET",
        _DAG + "/next",
        "The next runs that the schedule of a DAG asks for.",
        m.SchedulePreview,
        query=("count",),
    ),
    Route(
        "preview_schedule",
        "POST",
        "/api/schedules/preview",
        "The next runs of a schedule that is not part of a DAG yet.",
        m.SchedulePreview,
        body=m.PreviewSchedule,
    ),
)

_NOTEBOOKS: Final = (
    Route(
        "inspect_notebook",
        "POST",
        "/api/notebooks/inspect",
        "What a notebook takes, as JSON Schema, and what is to be said of it.",
        m.NotebookInfo,
        body=m.InspectNotebook,
    ),
    Route(
        "publish_notebook",
        "POST",
        "/api/notebooks/publish",
        "Schedule or run a notebook, as a DAG of this one task.",
        m.NotebookPublished,
        body=m.PublishNotebook,
        status=201,
    ),
    Route(
        "publish_file",
        "POST",
        "/api/dag-files/publish",
        "Publish the DAGs of a notebook or Python file, read as one in the DAG folder would be.",
        m.FilePublished,
        body=m.PublishFile,
        status=201,
    ),
    Route(
        "task_parameters",
        "GET",
        _DAG + "/tasks/{task_id}/parameters",
        "What the notebook of a task takes, and what the DAG gives to it.",
        m.TaskParameters,
        query=("version",),
    ),
)

_CELLS: Final = (
    Route(
        "check_cells",
        "POST",
        "/api/cells/check",
        "What the marked cells of a notebook come to, and what is wrong with them; nothing is run or kept.",
        m.CellsChecked,
        body=m.CheckCells,
    ),
)

_RUNS: Final = (
    Route(
        "trigger_run",
        "POST",
        _DAG + "/runs",
        "Start a run by hand.",
        m.RunDetail,
        body=m.TriggerRun,
        status=201,
    ),
    Route(
        "list_runs",
        "GET",
        "/api/runs",
        "Runs, newest first.",
        m.RunPage,
        query=("dag_id", "state", "type", "since", "until", "search", "backfill", "before", "limit"),
    ),
    Route(
        "get_grid",
        "GET",
        _DAG + "/grid",
        "Runs of a DAG with the states of their tasks, newest first.",
        m.Grid,
        query=("state", "type", "since", "until", "search", "before", "limit"),
    ),
    Route(
        "list_days",
        "GET",
        _DAG + "/days",
        "How many runs of a DAG each day has, by their state.",
        m.DayList,
        query=("since", "until"),
    ),
    Route("get_run", "GET", _RUN, "A run with its tasks.", m.RunDetail),
    Route("list_attempts", "GET", _RUN + "/attempts", "Every attempt of a run, for a chart.", m.RunAttempts),
    Route("why_run", "GET", _RUN + "/why", "Why a run does not go on.", m.WhyAnswer),
    Route(
        "cancel_run",
        "POST",
        _RUN + "/cancel",
        "Cancel a run: what runs is ended, what waits is not started.",
        m.RunDetail,
    ),
    Route(
        "clear_tasks", "POST", _RUN + "/clear", "Run tasks of a run again.", m.RunDetail, body=m.ClearTasks
    ),
    Route("set_run_note", "PUT", _RUN + "/note", "Write a note to a run.", m.RunDetail, body=m.SetNote),
    Route("clear_runs", "POST", _DAG + "/clear", "Run tasks of runs again.", m.ClearAnswer, body=m.ClearRuns),
    Route("mark_tasks", "POST", _DAG + "/mark", "Say how tasks ended.", m.MarkAnswer, body=m.MarkTasks),
    Route("mark_runs", "POST", _DAG + "/mark-runs", "Say how runs ended.", m.RunsDone, body=m.MarkRuns),
    Route("cancel_runs", "POST", _DAG + "/cancel", "Cancel runs.", m.RunsDone, body=m.SelectRuns),
    Route(
        "delete_runs",
        "POST",
        _DAG + "/delete-runs",
        "Delete runs that are over, with their tasks and attempts.",
        m.RunsDone,
        body=m.SelectRuns,
    ),
)

_TASKS: Final = (
    Route("get_task", "GET", _TASK, "A task of a run with its attempts.", m.TaskDetail, query=("map_index",)),
    Route("why_task", "GET", _TASK + "/why", "Why a task does not go on.", m.WhyAnswer, query=("map_index",)),
    Route(
        "set_task_note",
        "PUT",
        _TASK + "/note",
        "Write a note to a task of a run.",
        m.TaskStatus,
        body=m.SetNote,
        query=("map_index",),
    ),
    Route(
        "respond",
        "POST",
        _TASK + "/respond",
        "Answer an approval.",
        m.TaskStatus,
        body=m.Respond,
        query=("map_index",),
    ),
    Route(
        "list_approvals",
        "GET",
        "/api/approvals",
        "Everything that waits for a person.",
        m.ApprovalList,
        query=("dag_id",),
    ),
    Route(
        "get_output",
        "GET",
        _TASK + "/output",
        "The cells of a notebook task, as far as they are.",
        m.TaskOutput,
        query=("map_index", "try_number"),
    ),
    Route(
        "get_notebook",
        "GET",
        _TASK + "/notebook",
        "The output notebook as a file.",
        bytes,
        query=("map_index", "try_number"),
    ),
    Route(
        "export_task",
        "GET",
        _TASK + "/export",
        "The output notebook as a page that loads nothing, or as a PDF.",
        bytes,
        query=("map_index", "try_number", "format"),
        media=("text/html; charset=utf-8", "application/pdf"),
        patience=400.0,
    ),
    Route(
        "list_values",
        "GET",
        _TASK + "/values",
        "What a task has returned and saved, with previews.",
        m.ValueList,
        query=("map_index", "try_number"),
    ),
    Route(
        "get_value",
        "GET",
        _TASK + "/values/{name}",
        "The content of a value as a file.",
        bytes,
        query=("map_index", "try_number"),
        media=("application/octet-stream",),
    ),
    Route(
        "get_log",
        "GET",
        _TASK + "/log",
        "Records of a task's log: without `after` the last ones.",
        m.TaskLog,
        query=("map_index", "try_number", "level", "source", "search", "after", "before", "tail"),
    ),
    Route(
        "get_log_text",
        "GET",
        _TASK + "/log/text",
        "The whole log as text.",
        bytes,
        query=("map_index", "try_number"),
        media=("text/plain; charset=utf-8",),
    ),
)

_BACKFILLS: Final = (
    Route(
        "preview_backfill",
        "POST",
        _DAG + "/backfills/preview",
        "What a backfill would do.",
        m.BackfillPreview,
        body=m.CreateBackfill,
    ),
    Route(
        "create_backfill",
        "POST",
        _DAG + "/backfills",
        "Start a backfill.",
        m.BackfillInfo,
        body=m.CreateBackfill,
        status=201,
    ),
    Route(
        "list_backfills",
        "GET",
        "/api/backfills",
        "Backfills, newest first.",
        m.BackfillList,
        query=("dag_id", "state", "limit"),
    ),
    Route("get_backfill", "GET", _BACKFILL, "A backfill and how far it is.", m.BackfillInfo),
    Route(
        "change_backfill",
        "POST",
        _BACKFILL + "/change",
        "Pause, unpause, cancel or extend a backfill.",
        m.BackfillInfo,
        body=m.ChangeBackfill,
    ),
)

_SECRETS: Final = (
    Route(
        "list_connections", "GET", "/api/connections", "All connections, without values.", m.ConnectionList
    ),
    Route(
        "get_connection",
        "GET",
        "/api/connections/{name}",
        "Which fields of a connection are set.",
        m.ConnectionInfo,
    ),
    Route(
        "set_connection",
        "PUT",
        "/api/connections/{name}",
        "Make a connection, or replace it.",
        m.ConnectionInfo,
        body=m.SetConnection,
    ),
    Route("connection_uses", "GET", "/api/connections/{name}/uses", "Which tasks use a connection.", m.Uses),
    Route("delete_connection", "DELETE", "/api/connections/{name}", "Delete a connection.", None, status=204),
    Route(
        "list_variables", "GET", "/api/variables", "All variables; secret ones without value.", m.VariableList
    ),
    Route("get_variable", "GET", "/api/variables/{name}", "A variable.", m.VariableInfo),
    Route(
        "set_variable",
        "PUT",
        "/api/variables/{name}",
        "Make a variable, or replace it.",
        m.VariableInfo,
        body=m.SetVariable,
    ),
    Route("variable_uses", "GET", "/api/variables/{name}/uses", "Which tasks use a variable.", m.Uses),
    Route("delete_variable", "DELETE", "/api/variables/{name}", "Delete a variable.", None, status=204),
    Route(
        "rotate_secrets", "POST", "/api/secrets/rotate", "Seal all secrets with a new key.", m.SecretsRotated
    ),
)

_SHARED: Final = (
    Route("list_pools", "GET", "/api/pools", "All pools.", m.PoolList),
    Route("set_pool", "PUT", "/api/pools/{name}", "Make a pool, or change it.", m.PoolInfo, body=m.SetPool),
    Route("pool_uses", "GET", "/api/pools/{name}/uses", "Which tasks are in a pool.", m.Uses),
    Route("delete_pool", "DELETE", "/api/pools/{name}", "Delete a pool.", None, status=204),
    Route("list_assets", "GET", "/api/assets", "All assets, with who makes them and who waits.", m.AssetList),
    Route(
        "list_asset_events",
        "GET",
        "/api/assets/events",
        "Asset events, newest first.",
        m.AssetEventPage,
        query=("asset", "before", "limit"),
    ),
    Route(
        "emit_event",
        "POST",
        "/api/assets/events",
        "Say that an asset was made anew.",
        m.EventEmitted,
        body=m.EmitEvent,
        status=201,
    ),
    Route(
        "materialize",
        "POST",
        "/api/assets/materialize",
        "Run the DAG whose task makes an asset.",
        m.RunDetail,
        body=m.Materialize,
        status=201,
    ),
    Route(
        "queued_events",
        "GET",
        _DAG + "/queued-events",
        "The asset events that a DAG has not used yet.",
        m.QueuedEvents,
    ),
    Route(
        "forget_events",
        "DELETE",
        _DAG + "/queued-events",
        "Empty that queue, or the part of one asset.",
        m.QueuedEvents,
        query=("asset",),
    ),
)

ROUTES: Final[tuple[Route, ...]] = (
    *_SERVER,
    *_DAGS,
    *_NOTEBOOKS,
    *_CELLS,
    *_RUNS,
    *_TASKS,
    *_BACKFILLS,
    *_SECRETS,
    *_SHARED,
)

STREAM_PATH: Final = "/api/stream"
#: Of a request: the directory, URL-encoded, that relative paths of notebooks start at.
NOTEBOOKS_HEADER: Final = "X-Studio-Notebooks"
