"""Tasks about other DAGs, and sensors that take no slot: `trigger_dag(...)`, `dag_sensor(...)`, `asset_sensor(...)`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from typing_extensions import Unpack

from studio.authoring.arguments import date_text, flag, mapping, refuse_unknown, seconds, shift, text, texts
from studio.authoring.local_operators import LocalWork
from studio.authoring.operators import add_task
from studio.authoring.options import CommonOptions, TaskOptions, check_options
from studio.authoring.references import TaskOutput, plain
from studio.authoring.schedules import Asset
from studio.authoring.tasks import Task
from studio.core.names import shown
from studio.errors import InvalidInput

if TYPE_CHECKING:
    from studio.authoring.dag import DAG

_ARGUMENTS: Final = ("dag_id", "params", "logical_date", "run_id")
_WORD: Final = re.compile(r"[A-Za-z0-9_.-]*[A-Za-z0-9_]")
_SENSOR: Final = ("timeout", "soft_fail", "poll_interval")
#: No try can take too long, and no result counts again; `default_args` may say so all the same.
_NOTHING_TRIED: Final = {"timeout": None, "cache": None}


@dataclass(frozen=True, slots=True)
class TriggerWork:
    """Make a run of another DAG."""

    args: Mapping[str, Any]
    settings: Mapping[str, Any] = field(default_factory=dict)

    kind = "trigger_dag"

    @property
    def label(self) -> str:
        return f"trigger {self.args.get('dag_id', 'a DAG')}"

    def config(self, sources: dict[str, bytes], *, is_mapped: bool) -> dict[str, Any]:
        """Needs no sources."""
        return {"args": dict(self.args), **self.settings}

    def check_mapped(self, arguments: Iterable[str]) -> None:
        refuse_unknown([name for name in arguments if name not in _ARGUMENTS], "trigger_dag(...)", _ARGUMENTS)
        for name in arguments:
            if name in self.args:
                raise InvalidInput(f"The argument {shown(name)} is given, and mapped over.", field="expand")


def trigger_dag(  # type: ignore[misc]  # its `params` are those of the run
    dag_id: str | DAG,
    *,
    params: Mapping[str, Any] | TaskOutput | None = None,
    logical_date: str | date | datetime | TaskOutput | None = None,
    run_id: str | TaskOutput | None = None,
    wait: bool = False,
    fail_with: bool = True,
    cancel_with: bool = False,
    if_paused: Literal["fail", "queue"] = "fail",
    if_exists: Literal["fail", "skip", "clear"] = "fail",
    poll_interval: float | timedelta | str | None = None,
    **options: Unpack[TaskOptions],
) -> Task:
    """Start a run of another DAG; returns `{"dag_id", "run_id"}` of it.

    Each try of the task makes one run, whatever happens to servers meanwhile. While it waits it takes no slot.

    Args:
        dag_id: the other DAG, or its id. A DAG cannot trigger itself.
        params: of the run. Text in it may hold templates, and `task.output` stands for what another task returned; so
            in `dag_id`, `logical_date` and `run_id`.
        logical_date: of the run, for example "{{ logical_date }}"; by default it has none.
        run_id: by default it is made from the logical date, or from the time.
        wait: until the run has ended. If it fails or is cancelled, so does the task.
        fail_with: False: the task succeeds also if the run does not.
        cancel_with: the run is cancelled if the task is while it waits; otherwise it goes on.
        if_paused: the other DAG is paused: "fail", or "queue": the run waits until it is not.
        if_exists: there is a run with this id, or for this logical date, made by a task: "fail", "skip" the task, or
            "clear" that run, so that all of it runs again.
        poll_interval: between two looks at a DAG that another scheduler owns (30 s).
        options: what every task takes, as for `notebook`.
    """
    own = ("params", "logical_date", "run_id", "wait", "fail_with", "cancel_with", "if_paused", "if_exists")
    check_options(options, "trigger_dag(...)", (*own, "poll_interval"), ("cache",))
    name = _dag_id(dag_id)
    used: list[Task] = []
    if isinstance(logical_date, date):
        logical_date = date_text(logical_date, "logical_date")
    if not isinstance(params, TaskOutput):
        params = mapping(params, "params") or None
    given = {"params": params, "logical_date": logical_date, "run_id": run_id}
    args = {key: plain(value, key, used.append) for key, value in given.items() if value is not None}
    settings: dict[str, Any] = {"wait": flag(wait, "wait")}
    if not flag(fail_with, "fail_with"):
        settings["fail_with"] = False
    if flag(cancel_with, "cancel_with"):
        settings["cancel_with"] = True
    settings["if_paused"], settings["if_exists"] = text(if_paused, "if_paused"), text(if_exists, "if_exists")
    if poll_interval is not None:
        settings["poll_interval"] = seconds(poll_interval, "poll_interval")
    work = TriggerWork({"dag_id": name, **args}, settings)
    return add_task(
        "trigger_dag", _id_of("trigger", name), work, cast(TaskOptions, options), used, {"cache": None}
    )


def dag_sensor(
    dag_id: str | DAG,
    *,
    tasks: str | Iterable[str] | None = None,
    offset: float | timedelta | str = 0.0,
    logical_date: str | date | datetime | None = None,
    reference: Literal["logical_date", "data_interval_start", "data_interval_end"] = "logical_date",
    states: str | Iterable[str] = ("success",),
    failed_states: str | Iterable[str] = ("failed",),
    timeout: float | timedelta | str = "7 days",
    soft_fail: bool = False,
    poll_interval: float | timedelta | str = 30.0,
    **options: Unpack[CommonOptions],
) -> Task:
    """Wait, without taking a slot, until another DAG's run for the same date has succeeded.

    Returns `{"dag_id", "run_id", "state", "logical_date"}` of that run.

    Args:
        dag_id: the other DAG, or its id.
        tasks: a task of it, or several, that are waited for instead of the whole run; of a mapped one, all instances.
        offset: from this run's date to that one's: "-1 day" is the day before (a day on the clock of the DAG's zone).
        logical_date: a fixed date instead.
        reference: which date of this run counts.
        states: what is waited for; all of the tasks must be in one of them.
        failed_states: in these it fails, without retry: nothing will come any more.
        timeout: how long it waits at most; then it fails, without retry.
        soft_fail: then, and in `failed_states`, it is skipped instead.
        poll_interval: between two looks at a DAG that another scheduler owns.
        options: what every task takes, as for `notebook`.
    """
    own = ("tasks", "offset", "logical_date", "reference", "states", "failed_states")
    check_options(options, "dag_sensor(...)", (*own, *_SENSOR), ("cache",))
    name = _dag_id(dag_id)
    config: dict[str, Any] = {"dag_id": name}
    if tasks is not None:
        config["tasks"] = list(texts(tasks, "tasks"))
    if logical_date is not None:
        config["logical_date"] = date_text(logical_date, "logical_date")
    if reference != "logical_date":
        config["reference"] = text(reference, "reference")
    if offset:
        config["offset"] = shift(offset, "offset")
    config["states"], config["failed_states"] = (
        list(texts(states, "states")),
        list(texts(failed_states, "failed_states")),
    )
    config |= _sensor(timeout, soft_fail, poll_interval)
    work = LocalWork("dag_sensor", f"wait for {name}", config)
    return add_task("dag_sensor", _id_of("wait_for", name), work, options, (), _NOTHING_TRIED)


def asset_sensor(
    asset: Asset | str,
    *,
    since: Literal["run", "logical_date"] | float | timedelta | str = "run",
    timeout: float | timedelta | str = "7 days",
    soft_fail: bool = False,
    poll_interval: float | timedelta | str = 30.0,
    **options: Unpack[CommonOptions],
) -> Task:
    """Wait, without taking a slot, for an event of an asset; returns the event, with what was said about it (`extra`).

    Args:
        asset: what is waited for, or its name.
        since: events count from then on: "run" (when the run was due), "logical_date", or a duration before the
            sensor begins to wait, such as "1 h".
        timeout: how long it waits at most; then it fails, without retry.
        soft_fail: then it is skipped instead.
        poll_interval: between two looks at what other schedulers have written.
        options: what every task takes, as for `notebook`.
    """
    check_options(options, "asset_sensor(...)", ("since", *_SENSOR), ("cache",))
    name = asset.name if isinstance(asset, Asset) else text(asset, "asset")
    config: dict[str, Any] = {"asset": name}
    if since != "run":
        is_word = isinstance(since, str) and since.isidentifier()  # which one, is checked with the spec
        config["since"] = since if is_word else seconds(since, "since")
    config |= _sensor(timeout, soft_fail, poll_interval)
    work = LocalWork("asset_sensor", f"wait for {name}", config)
    return add_task("asset_sensor", _id_of("wait_for", name), work, options, (), _NOTHING_TRIED)


def _sensor(
    timeout: float | timedelta | str, soft_fail: bool, poll_interval: float | timedelta | str
) -> dict[str, Any]:
    return {
        "timeout": seconds(timeout, "timeout"),
        "soft_fail": flag(soft_fail, "soft_fail"),
        "poll_interval": seconds(poll_interval, "poll_interval"),
    }


def _dag_id(dag: str | DAG) -> str:
    name = getattr(dag, "dag_id", dag)
    return text(name, "dag_id")


def _id_of(verb: str, name: str) -> str:
    """An id for the task, of the name of what it is about: an asset's may hold anything, a template too."""
    return "_".join([verb, *_WORD.findall(name)]) if "{" not in name else verb
