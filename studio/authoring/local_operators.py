"""Tasks that the scheduler does itself, without a worker: joins, approvals, waits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

from typing_extensions import Unpack

from studio.authoring.arguments import date_text, flag, seconds, text, texts
from studio.authoring.operators import add_task
from studio.authoring.options import CommonOptions, check_options
from studio.authoring.params import split_params
from studio.authoring.tasks import Task
from studio.core.names import nearest, shown
from studio.errors import InvalidInput

#: Nothing is tried, so no try can take too long; `default_args` may say so all the same.
_NOT_TAKEN: Final = ("timeout", "cache")


@dataclass(frozen=True, slots=True)
class LocalWork:
    """Something that takes no slot and no worker."""

    kind: str
    label: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def config(self, sources: dict[str, bytes], *, is_mapped: bool) -> dict[str, Any]:
        """Needs no sources."""
        return dict(self.values)

    def check_mapped(self, arguments: Iterable[str]) -> None:
        """It takes no arguments; it is only multiplied."""


def empty(name: str = "empty", /, **options: Unpack[CommonOptions]) -> Task:
    """A task that does nothing: a join, or a name for a point in the DAG. `name`: its id."""
    check_options(options, "empty(...)", (), _NOT_TAKEN)
    return add_task("empty", name, LocalWork("empty", "empty"), options, (), {"timeout": None})


def latest_only(name: str = "latest_only", /, **options: Unpack[CommonOptions]) -> Task:
    """What directly follows is skipped in every run but the newest of the schedule. Runs by hand go on."""
    check_options(options, "latest_only(...)", (), _NOT_TAKEN)
    return add_task(
        "latest_only", name, LocalWork("latest_only", "latest only"), options, (), {"timeout": None}
    )


def approval(
    subject: str,
    *,
    options: Iterable[str] = ("Approve", "Reject"),
    body: str = "",
    default: str | Iterable[str] | None = None,
    multiple: bool = False,
    timeout: float | timedelta | str | None = None,
    on_reject: Literal["skip", "fail"] = "skip",
    chooses_branch: bool = False,
    inputs: Mapping[str, Any] | None = None,
    **others: Unpack[CommonOptions],
) -> Task:
    """Wait for a person: `studio tasks respond`, the API or the page of the task answers.

    Args:
        subject, body: what is asked; text for people.
        options: what can be answered. "Reject" skips what comes next, or fails with `on_reject="fail"`.
        default: what counts if nobody answers within `timeout`; without one it fails then.
        multiple: several options may be chosen.
        chooses_branch: the options are ids of tasks directly after it; the others are skipped.
        inputs: values (or `Param(...)`) that the person may change; they are in what the task returns.
    """
    own = ("options", "body", "default", "multiple", "timeout", "on_reject", "chooses_branch", "inputs")
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
    if flag(multiple, "multiple"):
        values["multiple"] = True
    if timeout is not None:
        values["timeout"] = seconds(timeout, "timeout")
    if on_reject != "skip":
        values["on_reject"] = text(on_reject, "on_reject")
    params, schemas = split_params(inputs, f"the approval {shown(subject)}")
    if params or schemas:
        values["params"], values["param_schemas"] = params, schemas
    fields: dict[str, Any] = {"timeout": None}
    if flag(chooses_branch, "chooses_branch"):
        fields["interpret"] = "branch"
    return add_task("approval", "approval", LocalWork("approval", subject, values), others, (), fields)


def wait(
    duration: float | timedelta | str | None = None,
    *,
    at: str | date | datetime | None = None,
    time: str | None = None,
    until: Literal["logical_date", "data_interval_end"] | None = None,
    **options: Unpack[CommonOptions],
) -> Task:
    """Wait without taking a slot: for a `duration`, until a date (`at`), until a time of day in the DAG's zone (`time`,
    "14:30", on the day of the data interval's end), or until a date of the run, and `duration` longer."""
    check_options(options, "wait(...)", ("duration", "at", "time", "until"), _NOT_TAKEN)
    ways = [at is not None, time is not None, duration is not None or until is not None]
    if sum(ways) != 1:
        raise InvalidInput(
            "wait(...) takes one of: a duration, at=, time=, until=.",
            hint="For example wait('10 min'), or wait(until='data_interval_end').",
            field="duration",
        )
    values: dict[str, Any] = {}
    if at is not None:
        values["at"] = date_text(at, "at")
    elif time is not None:
        values["time"] = text(time, "time")
    else:
        values["seconds"] = seconds(0.0 if duration is None else duration, "duration")
        if until is not None:
            values["reference"] = text(until, "until")
    return add_task("wait", "wait", LocalWork("wait", "wait", values), options, (), {"timeout": None})
