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


_RUN = "/api/dags/{dag_id}/runs/{run_id}"
_TASK = _RUN + "/tasks/{task_id}"

ROUTES: Final[tuple[Route, ...]] = (
    Route("server_info", "GET", "/api/server", "Version, health and load of the server.", m.ServerInfo),
    Route("openapi", "GET", "/api/openapi.json", "This API's OpenAPI document.", dict[str, Any]),
    Route(
        "stop_server", "POST", "/api/server/stop", "Stop the server; running tasks go on.", None, status=202
    ),
    Route(
        "list_dags",
        "GET",
        "/api/dags",
        "All DAGs with their newest runs, and the DAG folder's files.",
        m.DagList,
        query=("runs",),
    ),
    Route("get_dag", "GET", "/api/dags/{dag_id}", "A DAG with its graph.", m.DagDetail, query=("version",)),
    Route(
        "publish_dag",
        "PUT",
        "/api/dags/{dag_id}",
        "Register a DAG or a new version of it.",
        m.DagDetail,
        body=m.PublishDag,
    ),
    Route(
        "update_dag", "PATCH", "/api/dags/{dag_id}", "Pause or unpause a DAG.", m.DagDetail, body=m.UpdateDag
    ),
    Route("delete_dag", "DELETE", "/api/dags/{dag_id}", "Delete a DAG with its history.", None, status=204),
    Route(
        "put_source",
        "PUT",
        "/api/sources/{digest}",
        "Upload a notebook by the SHA-256 of its content.",
        None,
        status=204,
    ),
    Route(
        "trigger_run",
        "POST",
        "/api/dags/{dag_id}/runs",
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
        query=("dag_id", "state", "before", "limit"),
    ),
    Route("get_run", "GET", _RUN, "A run with its tasks.", m.RunDetail),
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
    Route("get_task", "GET", _TASK, "A task of a run with its attempts.", m.TaskDetail, query=("map_index",)),
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
        "get_log",
        "GET",
        _TASK + "/log",
        "The end of a task's log.",
        m.TaskLog,
        query=("map_index", "try_number"),
    ),
)

STREAM_PATH: Final = "/api/stream"
