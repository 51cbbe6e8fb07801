"""What templates and task code may know of their run: plain JSON values, computed when an attempt is launched.

Names are Airflow's (`get_template_context`); those of dates are absent if the run has no logical date. What needs the
database (values of other tasks, asset events, earlier runs) is added by `studio.core.binding`.
"""

from __future__ import annotations

from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

from studio.core.active import ActiveRun
from studio.core.model import Run, TaskInstance
from studio.core.spec import SensorSpec, TaskSpec


def iso(instant: float) -> str:
    """RFC 3339 in UTC, without fraction where there is none: `2013-01-01T00:00:00+00:00`."""
    return datetime.fromtimestamp(instant, timezone.utc).isoformat()


def run_context(active: ActiveRun) -> dict[str, Any]:
    """The part that all tasks of a run share; a copy, to be added to."""
    if active.shared_context is None:
        active.shared_context = _run_context(active)
    return dict(active.shared_context)


def _run_context(active: ActiveRun) -> dict[str, Any]:
    run, spec = active.run, active.spec
    context: dict[str, Any] = {
        "dag_id": run.dag_id,
        "run_id": run.run_id,
        "run_type": run.run_type,
        "run_after": iso(run.run_after),
        "triggered_by": run.triggered_by,
        "params": run.params,
        "dag": {
            "dag_id": spec.id,
            "description": spec.description,
            "tags": list(spec.tags),
            "timezone": spec.timezone,
        },
    }
    if run.started_at is not None:
        context["run_started_at"] = iso(run.started_at)
    if run.backfill is not None:
        context["backfill"] = run.backfill
    if run.note:
        context["note"] = run.note
    if run.refresh:
        context["refresh_cache"] = True
    if spec.native:
        context["native"] = True
    context |= dates_of(run.logical_date, run.interval_start, run.interval_end)
    return context


@lru_cache(maxsize=1024)
def dates_of(logical_date: float | None, start: float | None, end: float | None) -> dict[str, str]:
    """What the dates of a run are called. Shared by the tasks of a run: do not change it."""
    found: dict[str, str] = {}
    if logical_date is not None:
        moment = datetime.fromtimestamp(logical_date, timezone.utc)
        found = {
            "logical_date": moment.isoformat(),
            "ds": moment.strftime("%Y-%m-%d"),
            "ds_nodash": moment.strftime("%Y%m%d"),
            "ts": moment.isoformat(),
            "ts_nodash": moment.strftime("%Y%m%dT%H%M%S"),
            "ts_nodash_with_tz": moment.strftime("%Y%m%dT%H%M%S%z"),
        }
    if start is not None and end is not None:
        found["data_interval_start"] = iso(start)
        found["data_interval_end"] = iso(end)
    return found


def context_of(active: ActiveRun, task: TaskInstance) -> dict[str, Any]:
    """The template context of a task instance."""
    spec, run = active.spec_of(task), active.run
    context = run_context(active)
    context |= {
        "task_id": task.task_id,
        "map_index": task.map_index,
        "try_number": task.try_number,
        "max_tries": task.max_tries,
        "task_instance_key_str": f"{run.dag_id}__{task.task_id}__{context.get('ds_nodash', run.run_id)}",
    }
    if task.map_path:
        context["map_path"] = list(task.map_path)
        context["expanded_ti_count"] = len(active.within(task.task_id, task.map_path[:-1]))
    if spec.params:
        context["params"] = _task_params(active, spec)
    if spec.param_schemas or active.spec.param_schemas:
        context["param_schemas"] = {**active.spec.param_schemas, **spec.param_schemas}
    if task.task_id in active.layout.measured:
        context["measured"] = True
    if spec.interpret != "value":
        context["interpret"] = spec.interpret
    if spec.sensor is not None or spec.interpret == "sensor":
        context["sensor"] = _sensor(spec, task)
    if task.resume is not None:
        context["resume"] = task.resume
    if spec.map_index_template:
        context["map_index_template"] = spec.map_index_template
    if spec.inlets:
        context["inlets"] = [asset.name for asset in spec.inlets]
    if spec.outlets:
        context["outlets"] = [asset.name for asset in spec.outlets]
    return context


def _task_params(active: ActiveRun, spec: TaskSpec) -> dict[str, Any]:
    """The task's own params count where the run has nothing but the DAG's default."""
    given, defaults = active.run.params, active.spec.params
    own = {
        name: value
        for name, value in spec.params.items()
        if name not in given or (name in defaults and given[name] == defaults[name])
    }
    return {**given, **own}


def _sensor(spec: TaskSpec, task: TaskInstance) -> dict[str, Any]:
    sensor = spec.sensor or SensorSpec()
    return {
        "mode": sensor.mode,
        "poke_interval": sensor.poke_interval,
        "timeout": sensor.timeout,
        "soft_fail": sensor.soft_fail,
        "backoff": sensor.backoff,
        "max_wait": sensor.max_wait,
        "looks": task.looks,
        "waiting_since": task.waiting_since,
    }


def attempt_directory(run: Run, task: TaskInstance, attempt_id: int) -> str:
    """Relative path of an attempt's directory: readable, and unique by the attempt's id.

    Every part is a checked name; `:` and `+` of a run id are left out, because not every file system takes them.
    """
    index = "" if not task.map_path else "." + "-".join(map(str, task.map_path))
    return f"{run.dag_id}/{_run_part(run)}/{task.task_id}{index}/try-{task.try_number}-{attempt_id:x}"


def callback_directory(run: Run, task: TaskInstance | None, event: str, number: int) -> str:
    """Relative path of the directory where a callback's log goes."""
    name = "" if task is None else task.task_id
    return f"{run.dag_id}/{_run_part(run)}/callbacks/{name or 'run'}.{event}-{number:x}"


def _run_part(run: Run) -> str:
    return run.run_id.replace(":", "").replace("+", "_")
