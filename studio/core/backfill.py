"""What a backfill would do: which runs it makes, which it runs again, and what it leaves alone. Pure; nothing is done.

`semantics.md`, point 5; Airflow's rules where it says nothing else. Any number of backfills of a DAG may overlap: each
finds the runs of the others as runs that exist.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from studio.core.backfill_asked import MAX_BACKFILL_RUNS as MAX_BACKFILL_RUNS
from studio.core.backfill_asked import BackfillAsked as BackfillAsked
from studio.core.backfill_asked import asked_of as asked_of
from studio.core.backfill_asked import extended
from studio.core.backfill_ticks import ready_at, ticks_of
from studio.core.context import iso
from studio.core.model import Run
from studio.core.names import shown
from studio.core.schedules import Tick
from studio.core.spec import DagSpec
from studio.core.states import RunState
from studio.core.subsets import subset as subset
from studio.errors import InvalidInput

Decision = Literal["create", "clear", "skip"]


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """What is to become of one tick, or of one item of a list of params, and why."""

    tick: Tick | None  # None: a run without a logical date
    decision: Decision
    reason: str  # about the run, in words: "is running", "exists already"
    run_id: str | None = None  # of the new run, or of the one that exists
    existing: int | None = None  # Run.id of the run that exists
    params: dict[str, Any] = field(default_factory=dict)  # over the DAG's

    def told(self) -> dict[str, Any]:
        """For the answer to the command; JSON."""
        tick = self.tick
        return {
            "run_id": self.run_id,
            "logical_date": None if tick is None else tick.logical_date,
            "interval": None if tick is None else [tick.interval_start, tick.interval_end],
            "decision": self.decision,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class BackfillPlan:
    """All of it, in the order in which the runs start."""

    asked: BackfillAsked  # with `to` and `planned_at`: what `Backfill.asked` is to keep
    subset: tuple[str, ...]  # as in `Run.subset`
    runs: tuple[PlannedRun, ...]

    @property
    def to_run(self) -> list[PlannedRun]:
        """Those that are made or run again; the place in this list, from 1, is the run's ordinal."""
        return [planned for planned in self.runs if planned.decision != "skip"]


def plan(
    spec: DagSpec,
    asked: BackfillAsked,
    existing: Iterable[Run],
    now: float,
    *,
    taken: Container[str] = frozenset(),
) -> BackfillPlan:
    """What the backfill does. Raises `InvalidInput`; params are the caller's to check.

    `existing`: the DAG's runs with a logical date that the backfill may be about (more do no harm), unfinished ones
    included. `taken`: run ids that new runs must not have, besides theirs.
    """
    chosen = subset(spec, asked.tasks, asked.upstream) if asked.tasks else ()
    if len(chosen) == len(spec.tasks):
        chosen = ()
    _check_past(spec, asked, chosen)
    known = list(existing)
    names = _RunIds(taken, known)
    if asked.params_list is not None:
        runs = [
            PlannedRun(None, "create", "is new", names.free(now), params={**asked.params, **params})
            for params in asked.params_list
        ]
    else:
        dated = _by_date(known, spec, chosen)
        runs = [
            _planned(tick, dated.get(tick.logical_date, ()), asked, now, names)
            for tick in ticks_of(spec, asked, now)
        ]
    if asked.reverse:
        runs.reverse()
    to = now if asked.from_ is not None and asked.to is None else asked.to
    return BackfillPlan(msgspec.structs.replace(asked, to=to, planned_at=now), chosen, tuple(runs))


def plan_extension(
    spec: DagSpec,
    asked: BackfillAsked,
    existing: Iterable[Run],
    now: float,
    *,
    to: float | None = None,
    dates: Iterable[float] = (),
    taken: Container[str] = frozenset(),
) -> BackfillPlan:
    """What a backfill does more when it is extended; `asked` is what its last plan kept. Raises `InvalidInput`.

    New is what lies beyond the old end, and what was not over yet when the last plan was made.
    """
    whole = plan(spec, extended(asked, to=to, dates=dates), existing, now, taken=taken)
    new = tuple(planned for planned in whole.runs if not _was_planned(planned.tick, asked))
    if not new:
        raise InvalidInput("There are no further runs in the extension.", field="to")
    return BackfillPlan(whole.asked, whole.subset, new)


def estimate(
    plan: BackfillPlan, durations: Sequence[float], max_active_runs: int | None = None
) -> float | None:
    """Seconds that the runs take if they are like past ones, that took `durations`; None: there were none.

    `max_active_runs` at once (default: what was asked); waiting for slots and for other runs is not in it.
    """
    number = len(plan.to_run)
    if number == 0:
        return 0.0
    if not durations:
        return None
    rounds = math.ceil(number / (max_active_runs or plan.asked.max_active_runs))
    return rounds * sum(durations) / len(durations)


def _planned(tick: Tick, runs: Sequence[Run], asked: BackfillAsked, now: float, names: _RunIds) -> PlannedRun:
    if ready_at(tick) >= now:
        return PlannedRun(tick, "skip", "its interval is not over yet")
    if not runs:
        return PlannedRun(tick, "create", "is new", names.free(tick.logical_date), params=asked.params)
    for run in runs:
        if run.state in (RunState.QUEUED, RunState.RUNNING):
            return PlannedRun(tick, "skip", f"is {run.state.value}", run.run_id, run.id)
    newest = max(runs, key=lambda run: run.id)
    decision, reason = _again(newest, asked)
    return PlannedRun(tick, decision, reason, newest.run_id, newest.id, asked.params)


def _again(run: Run, asked: BackfillAsked) -> tuple[Decision, str]:
    """Whether a run that is over is run again."""
    if asked.reprocess == "missing":
        return "skip", "exists already"
    if run.state is not RunState.SUCCESS:
        return "clear", "was cancelled" if run.state is RunState.CANCELLED else "failed"
    return (
        ("clear", "succeeded, and all are run again")
        if asked.reprocess == "all"
        else ("skip", "succeeded already")
    )


def _by_date(runs: Iterable[Run], spec: DagSpec, chosen: tuple[str, ...]) -> dict[float, list[Run]]:
    """Logical date → runs that have all tasks asked for. Others are no runs of these: a date may have several."""
    wanted = set(chosen or (task.id for task in spec.tasks))
    covers: dict[tuple[str, ...], bool] = {(): True}
    found: dict[float, list[Run]] = {}
    for run in runs:
        if run.logical_date is None:
            continue
        if run.subset not in covers:
            covers[run.subset] = wanted <= set(run.subset)
        if covers[run.subset]:
            found.setdefault(run.logical_date, []).append(run)
    return found


def _was_planned(tick: Tick | None, asked: BackfillAsked) -> bool:
    if tick is None or asked.planned_at is None or ready_at(tick) >= asked.planned_at:
        return False
    if asked.dates is not None:
        return tick.logical_date in asked.dates
    return asked.to is not None and tick.logical_date <= asked.to


def _check_past(spec: DagSpec, asked: BackfillAsked, chosen: tuple[str, ...]) -> None:
    """A run that looks at the one before it must not start before that, nor wait for a failed one that stays so."""
    if asked.params_list is not None:  # without a logical date there is nothing before
        return
    looking = [
        task.id
        for task in spec.tasks
        if (task.depends_on_past or task.wait_for_downstream) and (not chosen or task.id in chosen)
    ]
    if not looking:
        return
    if asked.reverse:
        raise InvalidInput(
            f"The task {shown(looking[0])} depends on its past, so the newest run cannot be the first.",
            hint="Leave out `reverse`.",
            field="reverse",
        )
    if asked.reprocess == "missing":
        raise InvalidInput(
            f"The task {shown(looking[0])} depends on its past; a failed run left as it is would hold all after it.",
            hint='Choose reprocess="failed" or "all".',
            field="reprocess",
        )


class _RunIds:
    """Gives out run ids that nobody has: `backfill__<date>`, then with `~2`, `~3`, …"""

    def __init__(self, taken: Container[str], existing: Iterable[Run]) -> None:
        self._taken = taken
        self._used = {run.run_id for run in existing}
        self._next: dict[str, int] = {}

    def free(self, instant: float) -> str:
        base = f"backfill__{iso(instant)}"
        number = self._next.get(base, 1)
        while (name := base if number == 1 else f"{base}~{number}") in self._used or name in self._taken:
            number += 1
        self._next[base] = number + 1
        return name
