"""Tasks that the scheduler does itself, without a worker: joins, approvals, waits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal

from typing_extensions import Unpack

from studio.authoring.arguments import date_text, seconds, text, texts
from studio.authoring.operators import add_task
from studio.authoring.options import TaskOptions, check_options
from studio.authoring.params import split_params
from studio.authoring.tasks import Task
from studio.core.names import nearest, shown
from studio.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class LocalWork:
    """Something that takes no slot and no worker."""

    kind: str
    label: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def config(self, sources: dict[str, bytes]) -> dict[str, Any]:
        """Needs no sources."""
        return dict(self.values)

    def check_mapped(self, arguments: Iterable[str]) -> None:
        """It takes no arguments; it is only multiplied."""


def empty(name: str = "empty", /, **options: Unpack[TaskOptions]) -> Task:
    """A task that does nothing: a join, or a name for a point in the DAG. `name`: its id."""
    check_options(options, "empty(...)")
    return add_task("empty", name, LocalWork("empty", "empty"), options)


def latest_only(name: str = "latest_only", /, **options: Unpack[TaskOptions]) -> Task:
    """What directly follows is skipped in every run but the newest of the schedule. Runs by hand go on."""
    check_options(options, "latest_only(...)")
    return add_task("latest_only", name, LocalWork("latest_only", "latest only"), options)


def approval(
    subject: str,
    *,
    options: Iterable[str] = ("Approve", "Reject"),
    body: str = "",
    default: str | Iterable[str] | None = None,
    multiple: bool = False,
    wait_timeout: float | timedelta | str | None = None,
    on_reject: Literal["skip", "fail"] = "skip",
    chooses_branch: bool = False,
    inputs: Mapping[str, Any] | None = None,
    **others: Unpack[TaskOptions],
) -> Task:
    """Wait for a person: `studio tasks respond`, the API or the page of the task answers.

    Args:
        subject, body: what is asked; text for people.
        options: what can be answered. "Reject" skips what comes next, or fails with `on_reject="fail"`.
        default: what counts if nobody answers within `wait_timeout`; without one it fails then.
        multiple: several options may be chosen.
        chooses_branch: the options are ids of tasks directly after it; the others are skipped.
        inputs: values (or `Param(...)`) that the person may change; they are in what the task returns.
    """
    own = ("options", "body", "default", "multiple", "wait_timeout", "on_reject", "chooses_branch", "inputs")
    check_options(others, "approval(...)", own)
    known = list(texts(options, "options"))
    values: dict[str, Any] = {"subject": text(subject, "subject"), "options": known}
    if body:
        values["body"] = text(body, "body")
    if default is not None:
        values["default"] = list(texts(default, "default"))
        for option in values["default"]:
            if option not in known:
                raise InvalidInput(
                    f"The default {shown(option)} is none of the options.",
                    hint=nearest(option, known),
                    field="default",
                )
    if multiple:
        values["multiple"] = True
    if wait_timeout is not None:
        values["timeout"] = seconds(wait_timeout, "wait_timeout")
    if on_reject != "skip":
        values["on_reject"] = text(on_reject, "on_reject")
    params, schemas = split_params(inputs, f"the approval {shown(subject)}")
    if params or schemas:
        values["params"], values["param_schemas"] = params, schemas
    fields = {"interpret": "branch"} if chooses_branch else {}
    return add_task("approval", "approval", LocalWork("approval", subject, values), others, (), fields)


def wait(
    duration: float | timedelta | str | None = None,
    *,
    at: str | date | datetime | None = None,
    time: str | None = None,
    after_reference: Literal["logical_date", "data_interval_end"] | None = None,
    **options: Unpack[TaskOptions],
) -> Task:
    """Wait without taking a slot: for a `duration`, until a date (`at`), until a time of day in the DAG's zone (`time`,
    "14:30", on the day of the data interval's end), or until `duration` after a date of the run (`after_reference`)."""
    check_options(options, "wait(...)", ("at", "time", "after_reference"))
    ways = [at is not None, time is not None, duration is not None or after_reference is not None]
    if sum(ways) != 1:
        raise InvalidInput(
            "wait(...) takes either a duration, or at=, or time=.",
            hint="For example wait('10 min').",
            field="duration",
        )
    values: dict[str, Any] = {}
    if at is not None:
        values["at"] = date_text(at, "at")
    elif time is not None:
        values["time"] = text(time, "time")
    else:
        values["seconds"] = seconds(0.0 if duration is None else duration, "duration")
        if after_reference is not None:
            values["reference"] = after_reference
    return add_task("wait", "wait", LocalWork("wait", "wait", values), options)
