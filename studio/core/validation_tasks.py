"""A task by itself: its numbers, rules, callbacks, and what its config can be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, get_args

from studio.core.bounds import check_duration, check_number, check_whole
from studio.core.local_kinds import LOCAL_KINDS
from studio.core.names import FUNCTION, check_name, nearest, shown
from studio.core.notebook_config import check_notebook_config
from studio.core.operator_config import check_operator_config
from studio.core.parameters import check_names
from studio.core.rules import RULES
from studio.core.spec import AssetSpec, CallbackSpec, RetryRule, Role, SensorSpec, TaskSpec, WeightRule
from studio.errors import InvalidDag

MAX_RETRY_RULES: Final = 100
MAX_CALLBACKS: Final = 100
MAX_ASSET_NAME: Final = 500  # characters
#: Kinds that a worker runs; the others are the scheduler's own (`studio.core.local_kinds`).
WORKER_KINDS: Final = ("function", "notebook", "operator", "trigger_dag")
#: Of these, the ones whose value may decide about others.
_DECIDING: Final = ("function", "notebook", "operator")

_WEIGHT_RULES: Final = get_args(WeightRule)
_ROLES: Final = get_args(Role)
_EXCEPTION = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_INTERPRETS: Final[dict[str, tuple[str, ...]]] = {
    "value": (*WORKER_KINDS, *LOCAL_KINDS),
    "branch": (*_DECIDING, "approval"),
    "short_circuit": _DECIDING,
    "sensor": ("function", "operator"),
}


def check_task(task: TaskSpec) -> None:
    """Raise `InvalidName`, `InvalidDag` or `InvalidParameter` for what is wrong with a task by itself."""
    where = f"The task {shown(task.id)}"
    _one_of(task.kind, _INTERPRETS["value"], f"{where} is of the kind", "kind")
    _one_of(task.trigger_rule, RULES, f"{where} has the trigger rule", "trigger_rule")
    _one_of(task.weight_rule, _WEIGHT_RULES, f"{where} has the weight rule", "weight_rule")
    _one_of(task.role, _ROLES, f"{where} has the role", "role")
    for name in ("retries", "lost_retries", "pool_slots", "priority_weight"):
        check_whole(getattr(task, name), name, where)
    for name in ("max_active_per_dag", "max_active_per_run"):
        if getattr(task, name) is not None:
            check_whole(getattr(task, name), name, where)
    for name in ("retry_delay", "max_retry_delay"):
        check_duration(getattr(task, name), name, where, can_be_zero=True)
    check_number(task.retry_backoff, "retry_backoff", where, 0, 100)
    for name in ("timeout", "queue_timeout"):
        if getattr(task, name) is not None:
            check_duration(getattr(task, name), name, where)
    check_name(task.pool, "pool")
    _check_retry_rules(task.retry_rules, where)
    _check_interpret(task, where)
    for asset in (*task.outlets, *task.inlets):
        _check_asset(asset, where)
    _check_outlets(task, where)
    check_callbacks(task.callbacks, where, ("success", "failure", "retry", "skipped"))
    if task.kind in WORKER_KINDS:
        _check_config(task, where)


def check_callbacks(callbacks: tuple[CallbackSpec, ...], where: str, events: tuple[str, ...]) -> None:
    """Raise `InvalidDag` or `InvalidParameter` unless they name functions, and events that happen there."""
    if len(callbacks) > MAX_CALLBACKS:
        raise InvalidDag(
            f"{where} has {len(callbacks)} callbacks; at most {MAX_CALLBACKS} are allowed.", field="callbacks"
        )
    for callback in callbacks:
        if callback.on not in events:
            raise InvalidDag(
                f"{where} has a callback on {shown(callback.on)}; there it can only be on {', '.join(events)}.",
                field="callbacks",
            )
        check_function(callback.function, f"{where}: the callback on {callback.on}", "callbacks")
        check_names(callback.args, f"the callback {callback.function}")


def check_function(name: object, where: str, field: str) -> None:
    """Raise `InvalidDag` unless a worker can look `name` up: "package.module:name"."""
    if not isinstance(name, str) or not FUNCTION.fullmatch(name):
        raise InvalidDag(
            f"{where} names the function {shown(name)}; a function is named by module and name.",
            hint="Write it like 'package.module:function'.",
            field=field,
        )


def _one_of(value: object, known: tuple[str, ...] | Mapping[str, Any], what: str, field: str) -> None:
    if value not in known:
        raise InvalidDag(
            f"{what} {shown(value)}, which there is not.", hint=nearest(str(value), known), field=field
        )


def _check_retry_rules(rules: tuple[RetryRule, ...], where: str) -> None:
    if len(rules) > MAX_RETRY_RULES:
        raise InvalidDag(
            f"{where} has {len(rules)} retry rules; at most {MAX_RETRY_RULES} are allowed.",
            field="retry_rules",
        )
    for rule in rules:
        if not _EXCEPTION.fullmatch(rule.exception):
            raise InvalidDag(
                f"{where} has a retry rule for {shown(rule.exception)}, which is no name of an exception.",
                hint="Write it like 'TimeoutError' or 'requests.exceptions.Timeout'.",
                field="retry_rules",
            )
        _one_of(rule.action, ("retry", "fail"), f"{where} has a retry rule with the action", "retry_rules")
        if rule.delay is not None:
            check_duration(
                rule.delay, "delay", f"{where}: the retry rule for {rule.exception}", can_be_zero=True
            )


def _check_interpret(task: TaskSpec, where: str) -> None:
    _one_of(task.interpret, _INTERPRETS, f"{where} interprets its value as", "interpret")
    kinds = _INTERPRETS[task.interpret]
    if task.kind not in kinds:
        raise InvalidDag(
            f"{where} cannot interpret its value as {shown(task.interpret)}: it is of the kind {shown(task.kind)}.",
            hint=f"That is for {' and '.join(kinds)}.",
            field="interpret",
        )
    if (task.sensor is not None) != (task.interpret == "sensor"):
        raise InvalidDag(
            f"{where} has {'no ' if task.sensor is None else ''}`sensor`, and its value is interpreted as "
            f"{shown(task.interpret)}; it must be both or neither.",
            hint="""A sensor says {"interpret": "sensor", "sensor": {"mode": "poke"}}.""",
            field="sensor",
        )
    if task.sensor is not None:
        _check_sensor(task.sensor, where)


def _check_sensor(sensor: SensorSpec, where: str) -> None:
    _one_of(sensor.mode, ("poke", "reschedule"), f"{where} is a sensor of the mode", "mode")
    check_duration(sensor.poke_interval, "poke_interval", where)
    check_duration(sensor.timeout, "sensor.timeout", where, can_be_zero=True)
    if sensor.max_wait is not None:
        check_duration(sensor.max_wait, "max_wait", where)


def _check_asset(asset: AssetSpec, where: str) -> None:
    if not asset.name.strip() or len(asset.name) > MAX_ASSET_NAME or not asset.name.isprintable():
        raise InvalidDag(
            f"{where} names the asset {shown(asset.name)}; it must be 1 to {MAX_ASSET_NAME} printable characters.",
            hint="For example 'flights' or 's3://bucket/flights'.",
            field="outlets",
        )


def _check_outlets(task: TaskSpec, where: str) -> None:
    names = [asset.name for asset in task.outlets]
    twice = next((name for name in names if names.count(name) > 1), None) if len(names) > 1 else None
    if twice is not None:
        raise InvalidDag(f"{where} has the outlet {shown(twice)} twice.", field="outlets")


def _check_config(task: TaskSpec, where: str) -> None:
    """Of what a worker runs; whether a notebook is there is known where it is published."""
    if "function" in task.config:
        check_function(task.config["function"], where, "config")
    for name in ("args", "parameters"):
        given = task.config.get(name, {})
        if not isinstance(given, dict):
            raise InvalidDag(
                f"{where}: {name} is {shown(given)}; it must be names with values.", field="config"
            )
        check_names(given, f"the task {task.id}")
    if task.kind == "notebook":
        check_notebook_config(task.config, where)
    if task.kind == "operator":
        check_operator_config(task.config, where)
