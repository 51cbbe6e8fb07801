"""How long runs will take, from how long earlier ones took. Pure; an estimate, not a promise."""

from __future__ import annotations

import math
from collections.abc import Sequence

from studio.core.model import Run


def seconds_of_a_run(runs: Sequence[Run]) -> float | None:
    """The mean duration of runs that have ended; None without any."""
    durations = [
        max(0.0, run.ended_at - run.started_at)
        for run in runs
        if run.started_at is not None and run.ended_at is not None
    ]
    return sum(durations) / len(durations) if durations else None


def seconds_for(runs: int, seconds_of_one: float | None, at_once: int) -> float | None:
    """So many runs, `at_once` at a time; waiting for slots is not in it."""
    if runs == 0:
        return 0.0
    return None if seconds_of_one is None else math.ceil(runs / max(1, at_once)) * seconds_of_one
