"""What each route does: operation id → plain coroutine."""

from __future__ import annotations

from typing import Final

from studio.server.base import Handler
from studio.server.handlers import dags, runs, server, tasks

HANDLERS: Final[dict[str, Handler]] = {
    handler.__name__: handler
    for handler in (
        server.server_info,
        server.openapi,
        server.stop_server,
        server.put_source,
        dags.list_dags,
        dags.get_dag,
        dags.publish_dag,
        dags.update_dag,
        dags.delete_dag,
        runs.trigger_run,
        runs.list_runs,
        runs.get_run,
        runs.cancel_run,
        runs.clear_tasks,
        tasks.get_task,
        tasks.get_output,
        tasks.get_notebook,
        tasks.get_log,
    )
}
