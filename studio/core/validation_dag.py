"""The DAG as a whole: limits, params, deadlines, callbacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_args

import msgspec

from studio.core.bounds import MAX_DURATION, check_duration, check_number, check_whole
from studio.core.dates import instant_of, zone_of
from studio.core.names import nearest, shown
from studio.core.parameters import check_names, check_value
from studio.core.params import check_schema
from studio.core.spec import Catchup, Collision, DagSpec, DeadlineReference, DeadlineSpec, encode
from studio.core.validation_tasks import check_callbacks
from studio.errors import InvalidDag

MAX_DEADLINES: Final = 100
MAX_SCHEMAS: Final = 1000  # that differ


def check_dag(spec: DagSpec) -> None:
    """Raise `InvalidDag`, `InvalidParameter` or `InvalidSchedule` for what is wrong apart from its tasks' own."""
    where = f"The DAG {shown(spec.id)}"
    for name in ("max_active_runs", "max_active_tasks"):
        check_whole(getattr(spec, name), name, where)
    for name in ("max_active_tasks_per_dag", "pause_after_failures"):
        if getattr(spec, name) is not None:
            check_whole(getattr(spec, name), name, where)
    if spec.run_timeout is not None:
        check_duration(spec.run_timeout, "run_timeout", where)
    for field, known in (("catchup", get_args(Catchup)), ("collision", get_args(Collision))):
        if getattr(spec, field) not in known:
            value = getattr(spec, field)
            raise InvalidDag(
                f"{where}: {field} is {shown(value)}.", hint=nearest(str(value), known), field=field
            )
    check_callbacks(spec.callbacks, where, ("success", "failure"))
    if len(spec.deadlines) > MAX_DEADLINES:
        raise InvalidDag(
            f"{where} has {len(spec.deadlines)} deadlines; at most {MAX_DEADLINES} are allowed.",
            field="deadlines",
        )
    for deadline in spec.deadlines:
        _check_deadline(spec, deadline, where)
    _check_params(spec, where)
    if spec.schedule is not None:
        _check_required(spec, where)


def check_json(spec: DagSpec) -> None:
    """Raise `InvalidDag` for what cannot be kept as JSON; the last check, of what no other one looks into."""
    try:
        encode(spec)
    except UnicodeEncodeError as error:
        raise InvalidDag(
            f"The DAG {shown(spec.id)} holds a lone surrogate, which is not valid text: {shown(error.object)}."
        ) from error
    except RecursionError as error:
        raise InvalidDag(f"The DAG {shown(spec.id)} holds a value that is nested too deeply.") from error
    except TypeError as error:
        raise InvalidDag(f"The DAG {shown(spec.id)} holds a value that is no JSON: {error}.") from error


def _check_params(spec: DagSpec, where: str) -> None:
    """Of the DAG and of its tasks. To check a schema takes a millisecond: those of tasks are mostly the same."""
    seen: set[bytes] = set()
    check_names([*spec.params, *spec.param_schemas], where)
    _check_schemas(spec.param_schemas, spec.params, seen)
    for task in spec.tasks:
        if task.params or task.param_schemas:
            check_names([*task.params, *task.param_schemas], f"the task {task.id}")
            _check_schemas(task.param_schemas, {**spec.params, **task.params}, seen)
    if len(seen) > MAX_SCHEMAS:
        raise InvalidDag(
            f"{where} has {len(seen)} different schemas of params; at most {MAX_SCHEMAS} are allowed.",
            field="param_schemas",
        )


def _check_schemas(schemas: Mapping[str, Any], values: Mapping[str, Any], seen: set[bytes]) -> None:
    for name, schema in schemas.items():
        check_value(schema, f"The schema of param {shown(name)}")
        given = [check_value(values[name], f"Param {shown(name)}")] if name in values else []
        key = msgspec.json.encode((schema, given))
        if key not in seen and len(seen) <= MAX_SCHEMAS:
            check_schema(name, schema, *given)
            seen.add(key)


def _check_required(spec: DagSpec, where: str) -> None:
    """Source: Airflow, `DAG.validate_schedule_and_params`."""
    for task in spec.tasks:
        for name in task.param_schemas:
            if name not in task.params and name not in spec.params:
                raise _required(f"The task {shown(task.id)}", name)
    for name in spec.param_schemas:
        if name not in spec.params:
            raise _required(where, name)


def _required(where: str, name: str) -> InvalidDag:
    return InvalidDag(
        f"{where} has the param {shown(name)} without a default, but runs of a schedule have nobody to give it.",
        hint="Give it a default, or leave the schedule out.",
        field=f"params.{name}",
    )


def _check_deadline(spec: DagSpec, deadline: DeadlineSpec, where: str) -> None:
    known = get_args(DeadlineReference)
    if deadline.reference not in known:
        raise InvalidDag(
            f"{where} has a deadline that refers to {shown(deadline.reference)}.",
            hint=nearest(deadline.reference, known),
            field="deadlines",
        )
    what = f"{where}: its deadline from {deadline.reference} on"
    check_number(deadline.after, "after", what, -MAX_DURATION, MAX_DURATION)
    if (deadline.at is not None) != (deadline.reference == "fixed"):
        raise InvalidDag(
            f"{what} has {'no date' if deadline.at is None else 'a date'} (`at`).",
            hint="`at` belongs to deadlines that are fixed, and only to these.",
            field="deadlines",
        )
    if deadline.at is not None:
        instant_of(deadline.at, zone_of(spec.timezone), "deadlines.at")
    check_whole(deadline.runs, "runs", what)
    if deadline.callback is not None:
        check_callbacks((deadline.callback,), what, ("deadline",))
