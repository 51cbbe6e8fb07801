"""The kind `asset_sensor`: it waits for an event of an asset.

config: `{"asset", "since": "run" | "logical_date" | seconds before it began to wait, "timeout", "soft_fail",
"poll_interval"}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.core.active import ActiveRun
from studio.core.context import iso
from studio.core.endings import Ending
from studio.core.model import AssetEvent, TaskInstance


def since(active: ActiveRun, task: TaskInstance) -> float | None:
    """Events from this moment on count; None: the run has no such date."""
    match active.spec_of(task).config.get("since", "run"):
        case "run":
            return active.run.run_after
        case "logical_date":
            return active.run.logical_date
        case before:
            return (task.waiting_since or 0.0) - float(before)


def judged(after: float, event: AssetEvent | None) -> Ending | None:
    """The end of the wait, or None: `event` is the newest one."""
    return None if event is None or event.at < after else Ending("success", value=_value(event))


def _value(event: AssetEvent) -> dict[str, Any]:
    return {
        "asset": event.asset,
        "at": iso(event.at),
        "extra": event.extra,
        "source_dag_id": event.dag_id,
        "source_run_id": event.run_id,
        "source_task_id": event.task_id,
        "source_map_index": event.map_index,
    }


def words(event: AssetEvent | None) -> str:
    """How far it is with what is waited for."""
    return "There has been none yet." if event is None else f"The last one was at {iso(event.at)}."


def wish(config: Mapping[str, Any], after: float) -> str:
    """What is waited for."""
    return f"It waits for an event of the asset {config['asset']} since {iso(after)}."
