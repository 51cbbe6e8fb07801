"""What each route does: operation id → plain coroutine."""

from __future__ import annotations

from typing import Final

from studio.server.base import Handler
from studio.server.handlers import (
    approvals,
    assets,
    backfills,
    bulk,
    dags,
    notebooks,
    pools,
    runs,
    schedules,
    server,
    tasks,
    trigger,
    versions,
)

HANDLERS: Final[dict[str, Handler]] = {
    handler.__name__: handler
    for handler in (
        server.server_info,
        server.openapi,
        server.stop_server,
        server.put_source,
        dags.list_dags,
        dags.update_dags,
        dags.get_dag,
        dags.publish_dag,
        dags.update_dag,
        dags.delete_dag,
        versions.list_versions,
        versions.get_version,
        schedules.next_runs,
        schedules.preview_schedule,
        notebooks.inspect_notebook,
        notebooks.task_parameters,
        trigger.trigger_run,
        runs.list_runs,
        runs.get_run,
        runs.why_run,
        runs.cancel_run,
        runs.clear_tasks,
        runs.set_run_note,
        bulk.clear_runs,
        bulk.mark_tasks,
        bulk.mark_runs,
        bulk.cancel_runs,
        bulk.delete_runs,
        tasks.get_task,
        tasks.why_task,
        tasks.set_task_note,
        tasks.get_output,
        tasks.get_notebook,
        tasks.get_log,
        approvals.respond,
        approvals.list_approvals,
        backfills.preview_backfill,
        backfills.create_backfill,
        backfills.list_backfills,
        backfills.get_backfill,
        backfills.change_backfill,
        pools.list_pools,
        pools.set_pool,
        pools.delete_pool,
        assets.list_assets,
        assets.list_asset_events,
        assets.emit_event,
        assets.materialize,
        assets.queued_events,
        assets.forget_events,
    )
}
