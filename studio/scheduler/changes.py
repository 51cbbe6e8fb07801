"""What changed in a turn, told to whoever shows it, after the commit."""

from __future__ import annotations

from dataclasses import dataclass, field

from studio.core.model import Backfill, Dag, Run, TaskInstance


@dataclass(frozen=True, slots=True)
class RunChange:
    """A run after the turn, and those of its tasks that the turn changed. Read at once: the objects live on."""

    run: Run
    counts: dict[str, int]  # TaskState value → task instances of the run
    tasks: list[TaskInstance]


@dataclass(frozen=True, slots=True)
class Changes:
    """Never empty."""

    dags: list[Dag] = field(default_factory=list)
    removed_dags: list[str] = field(default_factory=list)
    runs: list[RunChange] = field(default_factory=list)
    backfills: list[Backfill] = field(default_factory=list)
