"""What templates and task code may know of their run: plain JSON values, computed once when an attempt is launched."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from studio.core.model import Run, TaskInstance


def iso(instant: float) -> str:
    """RFC 3339 in UTC, without fraction where there is none: `2013-01-01T00:00:00+00:00`."""
    return datetime.fromtimestamp(instant, timezone.utc).isoformat()


def context_of(run: Run, task: TaskInstance) -> dict[str, Any]:
    """The template context. Names are Airflow's; those of dates are absent if the run has no logical date."""
    context: dict[str, Any] = {
        "dag_id": run.dag_id,
        "run_id": run.run_id,
        "run_type": run.run_type,
        "task_id": task.task_id,
        "map_index": task.map_index,
        "try_number": task.try_number,
        "params": run.params,
    }
    if run.logical_date is not None:
        moment = datetime.fromtimestamp(run.logical_date, timezone.utc)
        context |= {
            "logical_date": moment.isoformat(),
            "ds": moment.strftime("%Y-%m-%d"),
            "ds_nodash": moment.strftime("%Y%m%d"),
            "ts": moment.isoformat(),
            "ts_nodash": moment.strftime("%Y%m%dT%H%M%S"),
        }
    if run.interval_start is not None and run.interval_end is not None:
        context |= {
            "data_interval_start": iso(run.interval_start),
            "data_interval_end": iso(run.interval_end),
        }
    return context


def attempt_directory(run: Run, task: TaskInstance, attempt_id: int) -> str:
    """Relative path of an attempt's directory: readable, and unique by the attempt's id.

    Every part is a checked name; `:` and `+` of a run id are left out, because not every file system takes them.
    """
    run_part = run.run_id.replace(":", "").replace("+", "_")
    index = "" if task.map_index < 0 else f".{task.map_index}"
    return f"{run.dag_id}/{run_part}/{task.task_id}{index}/try-{task.try_number}-{attempt_id:x}"
