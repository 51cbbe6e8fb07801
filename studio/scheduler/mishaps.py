"""What stands in for an event that cannot be handled, so that nothing waits for ever because of it."""

from __future__ import annotations

from dataclasses import replace

from studio.core.events import Finished, Report
from studio.core.machine import Turn
from studio.core.model import Command
from studio.core.turn import Writes
from studio.errors import StudioError


def stand_in(report: Report, error: Exception) -> Report | None:
    """The bare fact that an attempt ended, without what may be wrong with it; None if that was all there was."""
    if not isinstance(report, Finished) or (report.state, report.value, report.details) == (
        "failed",
        None,
        None,
    ):
        return None
    told = f"Its outcome could not be kept: {_words(error)}"
    return replace(report, state="failed", error=told, value=None, details=None)


def refusal(command: Command, error: Exception, now: float) -> Turn:
    """A turn that does nothing but refuse `command`."""
    result = {"code": StudioError.code, "message": f"The command could not be handled: {_words(error)}"}
    refused = replace(command, state="refused", result=result, handled_at=now)
    return Turn(Writes(commands=[refused]), [], [], [], [])


def _words(error: Exception) -> str:
    return str(error) if isinstance(error, StudioError) else f"{type(error).__name__}: {error}"
