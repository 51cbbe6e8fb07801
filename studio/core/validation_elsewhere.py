"""What the config of `trigger_dag`, `dag_sensor` and `asset_sensor` may hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from studio.core.bounds import MAX_DURATION, check_duration, check_number
from studio.core.dates import instant_of, zone_of
from studio.core.names import check_name, nearest, shown
from studio.core.run_sensor import REFERENCES
from studio.core.spec import DagSpec, TaskSpec
from studio.core.states import TERMINAL, RunState, TaskState
from studio.core.validation_tasks import MAX_ASSET_NAME
from studio.errors import InvalidDag

IF_PAUSED: Final = ("fail", "queue")
IF_EXISTS: Final = ("fail", "skip", "clear")
SINCE: Final = ("run", "logical_date")

_ARGUMENTS: Final = ("dag_id", "params", "logical_date", "run_id")
_TRIGGER: Final = ("args", "wait", "fail_with", "cancel_with", "if_paused", "if_exists", "poll_interval")
_SENSOR: Final = ("timeout", "soft_fail", "poll_interval")
_RUN_SENSOR: Final = (
    "dag_id", "tasks", "logical_date", "reference", "offset", "states", "failed_states", *_SENSOR,
)  # fmt: skip
_ASSET_SENSOR: Final = ("asset", "since", *_SENSOR)
_RUN_STATES: Final = tuple(state.value for state in RunState)
_TASK_STATES: Final = tuple(sorted(state.value for state in TERMINAL - {TaskState.REMOVED}))


def check_trigger(spec: DagSpec, task: TaskSpec, where: str) -> None:
    """Raise `InvalidDag` unless a worker, and then the scheduler, can act on it."""
    config = task.config
    if task.cache is not None:
        raise InvalidDag(f"{where} cannot be cached: each try makes a run.", field="cache")
    _refuse_unknown(config, _TRIGGER, task.kind, where)
    args = config.get("args", {})
    _refuse_unknown(args, _ARGUMENTS, task.kind, where)
    dag_id = args.get("dag_id")
    if dag_id is None and task.expand is None:
        raise InvalidDag(f"{where} does not say which DAG it triggers.", field="dag_id")
    if dag_id == spec.id:
        raise InvalidDag(
            f"{where} would trigger its own DAG, again and again.",
            hint="Give the DAG a schedule, '@continuous' for one, or let another DAG trigger it.",
            field="dag_id",
        )
    if isinstance(dag_id, str) and "{" not in dag_id:
        check_name(dag_id, "DAG")
    for name in ("wait", "fail_with", "cancel_with"):
        _check_flag(config, name, where)
    if not config.get("wait", False):
        for name in ("fail_with", "cancel_with"):
            if name in config:
                raise InvalidDag(
                    f"{where} has {name}, but does not wait for the run.", hint="Write wait=True.", field=name
                )
    _one_of(config, "if_paused", IF_PAUSED, where)
    _one_of(config, "if_exists", IF_EXISTS, where)
    _check_interval(config, where)


def check_run_sensor(spec: DagSpec, task: TaskSpec, where: str) -> None:
    """Raise `InvalidDag` or `InvalidSchedule` unless it says which run, and which states of what."""
    config = task.config
    _refuse_unknown(config, _RUN_SENSOR, task.kind, where)
    _check_plain(config, where)
    check_name(config.get("dag_id"), "DAG")
    tasks = config.get("tasks", [])
    if not isinstance(tasks, (list, tuple)):
        raise _wrong(where, "tasks", tasks, "a list of task ids")
    for name in tasks:
        check_name(name, "task")
    if (
        config["dag_id"] == spec.id
        and not tasks
        and not config.get("offset")
        and "logical_date" not in config
    ):
        raise InvalidDag(
            f"{where} waits for the end of its own run, which waits for it.",
            hint="Give an offset, such as offset='-1 day', or the tasks.",
            field="dag_id",
        )
    if "logical_date" in config:
        instant_of(str(config["logical_date"]), zone_of(spec.timezone), f"{where}: logical_date")
        for name in ("reference", "offset"):
            if name in config:
                raise InvalidDag(
                    f"{where} has both a logical_date and {name}.", hint="Leave one out.", field=name
                )
    _one_of(config, "reference", REFERENCES, where)
    check_number(config.get("offset", 0), "offset", where, -MAX_DURATION, MAX_DURATION)
    known = _TASK_STATES if tasks else _RUN_STATES
    wanted = _check_states(config, "states", known, where)
    if not wanted:
        raise _wrong(where, "states", config.get("states"), "at least one state")
    failed = _check_states(config, "failed_states", known, where)
    if both := [state for state in failed if state in wanted]:
        raise InvalidDag(
            f"{where}: the state {shown(both[0])} is waited for, and fails it.", field="failed_states"
        )
    _check_sensor(config, where)


def check_asset_sensor(spec: DagSpec, task: TaskSpec, where: str) -> None:
    """Raise `InvalidDag` unless it names an asset, and since when its events count."""
    config = task.config
    _refuse_unknown(config, _ASSET_SENSOR, task.kind, where)
    name = config.get("asset")
    if not isinstance(name, str) or not 1 <= len(name) <= MAX_ASSET_NAME:
        raise _wrong(where, "asset", name, f"the name of an asset, of 1 to {MAX_ASSET_NAME} characters")
    if isinstance(config.get("since", "run"), str):
        _one_of(config, "since", SINCE, where)
    else:
        check_duration(config["since"], "since", where, can_be_zero=True)
    _check_sensor(config, where)


def _check_sensor(config: Mapping[str, Any], where: str) -> None:
    _check_interval(config, where)
    _check_flag(config, "soft_fail", where)
    if "timeout" in config:
        check_duration(config["timeout"], "timeout", where, can_be_zero=True)


def _check_interval(config: Mapping[str, Any], where: str) -> None:
    if "poll_interval" in config:
        check_number(config["poll_interval"], "poll_interval", where, 1, MAX_DURATION)


def _check_plain(config: Mapping[str, Any], where: str) -> None:
    """The scheduler renders no templates: they are code of users."""
    for name in ("dag_id", "logical_date"):
        if "{{" in str(config.get(name, "")):
            raise InvalidDag(
                f"{where}: {name} is the template {shown(config[name])}, which nobody would render: no worker has it.",
                hint="Say which run by offset='-1 day', or by reference='data_interval_end'.",
                field=name,
            )


def _check_states(config: Mapping[str, Any], name: str, known: tuple[str, ...], where: str) -> list[str]:
    states = config.get(name, [])
    if not isinstance(states, (list, tuple)):
        raise _wrong(where, name, states, "a list of states")
    for state in states:
        if state not in known:
            raise InvalidDag(
                f"{where}: {name} has {shown(state)}, which is no state to wait for.",
                hint=nearest(str(state), known),
                field=name,
            )
    return list(states)


def _one_of(config: Mapping[str, Any], name: str, known: tuple[str, ...], where: str) -> None:
    if name in config and config[name] not in known:
        raise InvalidDag(
            f"{where}: {name} is {shown(config[name])}.", hint=nearest(str(config[name]), known), field=name
        )


def _check_flag(config: Mapping[str, Any], name: str, where: str) -> None:
    if not isinstance(config.get(name, False), bool):
        raise _wrong(where, name, config[name], "true or false")


def _refuse_unknown(given: object, known: Iterable[str], kind: str, where: str) -> None:
    if not isinstance(given, Mapping):
        raise InvalidDag(f"{where}: args is {shown(given)}; it must be names with values.", field="config")
    for name in given:
        if name not in known:
            raise InvalidDag(
                f"{where}: the config of the kind {shown(kind)} takes no {shown(name)}.",
                hint=nearest(str(name), known),
                field="config",
            )


def _wrong(where: str, name: str, value: object, rule: str) -> InvalidDag:
    return InvalidDag(f"{where}: {name} is {shown(value)}; it must be {rule}.", field=name)
