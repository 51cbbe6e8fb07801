"""Tasks that the scheduler does itself, or a part of them: what their config may hold."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from studio.core.answers import REJECT
from studio.core.bounds import MAX_DURATION, check_duration, check_number
from studio.core.dates import instant_of, zone_of
from studio.core.names import nearest, shown
from studio.core.parameters import check_names
from studio.core.params import check_schema
from studio.core.spec import DagSpec, TaskSpec
from studio.core.validation_elsewhere import check_asset_sensor, check_run_sensor, check_trigger
from studio.errors import InvalidDag

MAX_OPTIONS: Final = 100

_TIME = re.compile(r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?")
_APPROVAL: Final = (
    "subject", "body", "options", "default", "multiple", "params", "param_schemas", "timeout", "on_reject",
)  # fmt: skip
_WAIT: Final = ("seconds", "at", "reference", "time")


def check_local_tasks(spec: DagSpec) -> None:
    """Raise `InvalidDag`, `InvalidParameter` or `InvalidSchedule` for a config that the scheduler could not act on."""
    for task in spec.tasks:
        check = _CHECKS.get(task.kind)
        if check is not None:
            check(spec, task, f"The task {shown(task.id)}")
    _check_branches(spec)


def _check_empty(spec: DagSpec, task: TaskSpec, where: str) -> None:
    _refuse_unknown(task, (), where)


def _check_approval(spec: DagSpec, task: TaskSpec, where: str) -> None:
    config = task.config
    _refuse_unknown(task, _APPROVAL, where)
    if not isinstance(config.get("subject"), str) or not config["subject"].strip():
        raise _wrong(where, "subject", config.get("subject"), "text that says what is asked")
    if not isinstance(config.get("body", ""), str):
        raise _wrong(where, "body", config["body"], "text")
    options = _texts(config.get("options"), "options", where)
    if not 1 <= len(options) <= MAX_OPTIONS or len(set(options)) < len(options):
        raise _wrong(where, "options", options, f"1 to {MAX_OPTIONS} different texts")
    if not isinstance(config.get("multiple", False), bool):
        raise _wrong(where, "multiple", config["multiple"], "true or false")
    default = _texts(config.get("default", []), "default", where)
    for option in default:
        if option not in options:
            raise InvalidDag(
                f"{where}: the default {shown(option)} is none of its options.",
                hint=nearest(option, options),
                field="default",
            )
    if len(default) > 1 and not config.get("multiple", False):
        raise InvalidDag(
            f"{where} has {len(default)} defaults, but one option is chosen.",
            hint="Let several be chosen: multiple=True.",
            field="default",
        )
    if config.get("timeout") is not None:
        check_duration(config["timeout"], "timeout", where)
    _check_reject(config, options, where)
    _check_inputs(config, where)


def _check_reject(config: dict[str, Any], options: list[str], where: str) -> None:
    if "on_reject" not in config:
        return
    if config["on_reject"] not in ("skip", "fail"):
        raise _wrong(where, "on_reject", config["on_reject"], "'skip' or 'fail'")
    if REJECT not in options:
        raise InvalidDag(
            f"{where} says what happens on {REJECT!r}, which is none of its options.",
            hint=f"Leave on_reject out, or give options=['Approve', {REJECT!r}].",
            field="on_reject",
        )


def _check_inputs(config: dict[str, Any], where: str) -> None:
    params, schemas = config.get("params", {}), config.get("param_schemas", {})
    if not isinstance(params, dict) or not isinstance(schemas, dict):
        raise _wrong(where, "params", params, "names with values")
    check_names([*params, *schemas], where)
    for name, schema in schemas.items():
        if not isinstance(schema, dict):
            raise _wrong(where, f"the schema of {shown(name)}", schema, "a JSON Schema, as an object")
        if name not in params:
            raise InvalidDag(
                f"{where}: the param {shown(name)} has no value to begin with.",
                hint="Give it a default, which the person may change.",
                field="params",
            )
        check_schema(name, schema, params[name])


def _check_branches(spec: DagSpec) -> None:
    """Of an approval that is a branch, each option names a task right after it, or a group that such a task is in."""
    approvals = [task for task in spec.tasks if task.kind == "approval" and task.interpret == "branch"]
    parents = {group.id: group.parent for group in spec.groups}
    after: dict[str, dict[str, None]] = {task.id: {} for task in approvals}
    for task in spec.tasks if approvals else ():
        for name in after.keys() & task.upstream:
            after[name][task.id] = None
            group = task.group
            while group:
                after[name][group] = None
                group = parents[group]
    for task in approvals:
        for option in task.config["options"]:
            if option not in after[task.id]:
                raise InvalidDag(
                    f"The task {shown(task.id)} chooses a branch, "
                    f"but {shown(option)} is no task or group right after it.",
                    hint=nearest(option, after[task.id]),
                    field="options",
                )


def _check_wait(spec: DagSpec, task: TaskSpec, where: str) -> None:
    config = task.config
    _refuse_unknown(task, _WAIT, where)
    ways: list[str] = [name for name in ("at", "time", "reference") if name in config]
    if "seconds" in config and "reference" not in config:
        ways.append("seconds")
    if len(ways) != 1:
        raise InvalidDag(
            f"{where} waits for {' and '.join(ways) or 'nothing'}; it must be one of: seconds, at, time, reference.",
            hint="For example wait('10 min').",
            field="config",
        )
    match ways[0]:
        case "at":
            instant_of(str(config["at"]), zone_of(spec.timezone), f"{where}: at")
        case "time":
            if not isinstance(config["time"], str) or not _TIME.fullmatch(config["time"]):
                raise _wrong(where, "time", config["time"], "a time of day", "For example '14:30'.")
        case "seconds":
            check_duration(config["seconds"], "seconds", where, can_be_zero=True)
        case _:
            if config["reference"] not in ("logical_date", "data_interval_end"):
                raise _wrong(where, "reference", config["reference"], "'logical_date' or 'data_interval_end'")
            check_number(config.get("seconds", 0), "seconds", where, -MAX_DURATION, MAX_DURATION)


def _refuse_unknown(task: TaskSpec, known: tuple[str, ...], where: str) -> None:
    for name in task.config:
        if name not in known:
            raise InvalidDag(
                f"{where}: the config of the kind {shown(task.kind)} takes no {shown(name)}.",
                hint=nearest(name, known),
                field="config",
            )


def _texts(value: object, name: str, where: str) -> list[str]:
    if isinstance(value, (list, tuple)) and all(isinstance(each, str) and each.strip() for each in value):
        return list(value)
    raise _wrong(where, name, value, "a list of texts", "For example ['Approve', 'Reject'].")


def _wrong(where: str, name: str, value: object, rule: str, hint: str | None = None) -> InvalidDag:
    return InvalidDag(f"{where}: {name} is {shown(value)}; it must be {rule}.", hint=hint, field=name)


_CHECKS: Final[dict[str, Callable[[DagSpec, TaskSpec, str], None]]] = {
    "empty": _check_empty,
    "latest_only": _check_empty,
    "approval": _check_approval,
    "wait": _check_wait,
    "trigger_dag": check_trigger,
    "dag_sensor": check_run_sensor,
    "asset_sensor": check_asset_sensor,
}
