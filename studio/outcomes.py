"""What task code raises to end its attempt in another way than with a value or an error, and what it says of assets.

    if flights.empty:
        raise studio.Skip("no flights on this day")

In a notebook the cell that raises is the last one; the notebook so far is kept. Light, because user code imports it.
"""

from __future__ import annotations

import json
import time
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any, Final, Literal, NoReturn, get_args

from studio.attempt_scope import AttemptScope
from studio.core.parameters import check_value
from studio.values.attempt import for_another_process

#: Begins the traceback that a kernel sends of a `TaskOutcome`: of the class itself a kernel sends the bare name only.
MARK: Final = "studio.outcomes."
_EARLIEST: Final = 1e8  # seconds since the epoch: what is less was meant as a duration


class TaskOutcome(Exception):
    """Ends the attempt."""

    def payload(self) -> dict[str, Any]:
        """What there is to know beyond its text, as JSON."""
        return {}

    def _render_traceback_(self) -> list[str]:
        """IPython's hook: no error, so no frames are shown; and the worker knows it by the first of these lines."""
        kind = next(base for base in type(self).__mro__ if base.__module__ == __name__)
        payload = self.payload()
        return [f"{MARK}{kind.__name__}: {self}", *([json.dumps(payload, default=str)] if payload else [])]


class Skip(TaskOutcome):
    """There is nothing to do: the task instance is skipped, and what depends on it by its trigger rule."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)


class Fail(TaskOutcome):
    """The task has failed and trying again is of no use: no retry follows."""

    def __init__(self, message: str) -> None:
        super().__init__(message)


class Reschedule(TaskOutcome):
    """Look again later; no slot is held until then, and it does not count as a try.

    `until`: a datetime with a time zone, seconds since the epoch, or a timedelta from now; None: after the sensor's
    interval. Raises `ValueError` for a datetime without a zone, and for a number that is no date.
    """

    def __init__(self, until: datetime | float | timedelta | None = None) -> None:
        self.until = None if until is None else _instant(until)
        super().__init__("later" if self.until is None else f"until {_shown(self.until)}")

    def payload(self) -> dict[str, Any]:
        return {"until": self.until}


class Defer(TaskOutcome):
    """Go on later, from the start, with `resume` (JSON) in the context; no slot is held until then.

    `until` as of `Reschedule`.
    """

    def __init__(self, until: datetime | float | timedelta, resume: dict[str, Any] | None = None) -> None:
        self.until = _instant(until)
        self.resume: dict[str, Any] = check_value(resume or {}, "resume")
        super().__init__(f"until {_shown(self.until)}")

    def payload(self) -> dict[str, Any]:
        return {"until": self.until, "resume": self.resume}


#: How `exit` can end an attempt.
ExitStatus = Literal["success", "failed", "skipped"]


class Exit(TaskOutcome):
    """The task has ended here, as `exit` says: with a status, and with a value for the tasks after it."""

    def __init__(self, status: ExitStatus = "success", value: Any = None) -> None:
        if status not in get_args(ExitStatus):
            raise ValueError(
                f"An attempt cannot end as {status!r}: exit() takes one of {', '.join(get_args(ExitStatus))}."
            )
        self.status: ExitStatus = status
        self.value = for_another_process(value)
        super().__init__(status)

    def payload(self) -> dict[str, Any]:
        return {"status": self.status, "value": self.value}


def exit(status: ExitStatus = "success", value: Any = None) -> NoReturn:
    """End the attempt here, from a function or a notebook's cell; cells after it are skipped.

    `value`: what the task returns, of a notebook too: anything that `studio.save` takes. A task that failed this way is
    not tried again. It ends the attempt by raising, so `finally` blocks run, and an `except Exception` around it has to
    let it through. Raises `ValueError` for another status and `ValueNotKept` for a value that cannot be passed on.
    """
    raise Exit(status, value)


def _instant(until: datetime | float | timedelta) -> float:
    """Seconds since the epoch; of a number whether it can be one."""
    if isinstance(until, timedelta):
        return time.time() + until.total_seconds()
    if isinstance(until, datetime):
        if until.tzinfo is None:
            raise ValueError(
                f"{until!r} has no time zone, so nobody knows when that is: give it one, "
                "`datetime(…, tzinfo=timezone.utc)`, or give a timedelta from now."
            )
        return until.timestamp()
    if not until > _EARLIEST:
        raise ValueError(
            f"{until!r} is no time: give a datetime, seconds since 1970 (`time.time() + 60`), "
            "or `timedelta(seconds=60)` from now."
        )
    return float(until)


def _shown(instant: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(instant))


# --- asset events --------------------------------------------------------------------------------------------

#: asset → extra.
_events: AttemptScope[dict[str, dict[str, Any]]] = AttemptScope("studio_asset_events")


def asset_event(name: str, **extra: Any) -> None:
    """Say something about an outlet of the running task: it stands in the asset's event if the task succeeds.

    Called again for the same asset it adds to `extra`. Raises `RuntimeError` outside of a function task, and
    `InvalidParameter` if a value is not JSON.
    """
    collected = _events.get()
    if collected is None:
        raise RuntimeError("asset_event() is for the code of a function task, while it runs.")
    checked = check_value(extra, f"extra of asset {name!r}")
    collected.setdefault(str(name), {}).update(checked)


def collecting_asset_events() -> AbstractContextManager[dict[str, dict[str, Any]]]:
    """Whoever runs a task: what `asset_event` said inside, asset → extra."""
    return _events.entered({})
