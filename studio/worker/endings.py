"""From what user code raised to the result of its attempt; of a notebook's code: from what its kernel says of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from studio.core.signals import Signal
from studio.errors import StudioError
from studio.outcomes import MARK, Defer, Exit, Fail, Reschedule, Skip, TaskOutcome
from studio.worker.error_names import class_names
from studio.worker.task import Kept, TaskResult, cut_error, failure
from studio.worker.task_log import TaskLog
from studio.worker.user_code import told


class EndedElsewhere(Exception):
    """User code ran in another process, and this is how the attempt has ended there."""

    def __init__(self, result: TaskResult) -> None:
        super().__init__(result.error)
        self.result = result


def result_of(outcome: TaskOutcome) -> TaskResult:
    """The result of an attempt that raised `outcome`; its text is kept as `error`."""
    kind = next(
        each for each in (Skip, Fail, Exit, Reschedule, Defer, TaskOutcome) if isinstance(outcome, each)
    )
    errors = class_names(type(outcome))
    if isinstance(outcome, Exit):
        return _exited(outcome.payload(), errors)
    return result_told(kind.__name__, str(outcome), outcome.payload(), errors)


def result_from_kernel(traceback: Sequence[str]) -> TaskResult | None:
    """The result if a cell raised a `TaskOutcome`, told by the error output's `traceback`; None: it is an error."""
    head = traceback[0] if traceback else ""
    if not head.startswith(MARK):
        return None
    kind, _, text = head.removeprefix(MARK).partition(": ")
    try:
        payload = json.loads(traceback[1]) if len(traceback) > 1 else {}
    except ValueError:  # cut, because it was very long
        return None
    return result_told(kind, text, payload, (f"{MARK}{kind}",)) if isinstance(payload, dict) else None


def result_told(kind: str, text: str, payload: dict[str, Any], errors: tuple[str, ...]) -> TaskResult:
    """The result of an attempt that raised the class `kind` of `studio.outcomes` in another process."""
    said = cut_error(text) or None
    if kind == "Exit":
        return _exited({**payload, "value": Kept(payload.get("value"))}, errors)
    if kind == "Skip":
        return TaskResult(state="skipped", error=said)
    if kind in ("Reschedule", "Defer"):
        signal = Signal(until=payload.get("until"), resume=payload.get("resume"))
        return TaskResult(state="rescheduled", signal=signal)
    return TaskResult(
        state="failed",
        error=said or "The task says that it failed.",
        signal=Signal(retry=False, errors=errors),
    )


def _exited(payload: dict[str, Any], errors: tuple[str, ...]) -> TaskResult:
    value = payload.get("value")
    if payload.get("status") == "failed":
        signal = Signal(retry=False, errors=errors)
        return TaskResult(state="failed", error="The task says that it failed.", value=value, signal=signal)
    if payload.get("status") == "skipped":
        return TaskResult(state="skipped", value=value)
    return TaskResult(state="success", value=value)


def refused(error: StudioError) -> TaskResult:
    """The result of an attempt that broke a rule of ours: the message says all."""
    return failure(f"{type(error).__name__}: {error}", errors=class_names(type(error)))


def crashed(error: BaseException, log: TaskLog) -> TaskResult:
    """The result of an attempt whose code raised `error`, with the tail of the traceback; all of it goes to `log`."""
    text = told(error)
    log.record("ERROR", "studio", text)
    head = text.rstrip().rsplit("\n", 1)[-1] if not str(error) else f"{type(error).__name__}: {error}"
    return failure(f"{head}\n{text}", errors=class_names(type(error)))
