"""What holds a task that looks at the run before its own."""

from __future__ import annotations

from typing import Any

import pytest

from studio.core.model import Run, RunWithTasks, TaskInstance
from studio.core.pastruns import PastRun, holds, past_run
from studio.core.spec import DagSpec, TaskSpec
from studio.core.states import TaskState

_T = TaskState


def a_task(**options: Any) -> TaskSpec:
    return TaskSpec(id="a", kind="function", **options)


def left_by(*states: tuple[str, TaskState], logical_date: float | None = 50.0) -> PastRun:
    """A past run with these task instances; the same task may come again, then it is mapped."""
    run = Run(1, "d", "scheduled__x", "scheduled", "v", run_after=60.0, logical_date=logical_date)
    tasks = [
        TaskInstance(id=n, run=1, task_id=name, map_index=n, state=state)
        for n, (name, state) in enumerate(states)
    ]
    return past_run(RunWithTasks(run, tasks, DagSpec(id="d", tasks=(a_task(),))))


def test_past_run_knows_what_is_settled_and_what_is_there() -> None:
    assert left_by(("a", _T.SUCCESS), ("a", _T.SKIPPED), ("b", _T.SUCCESS), ("b", _T.FAILED)) == PastRun(
        "scheduled__x", "d", 50.0, "scheduled", frozenset({"a"}), frozenset({"a", "b"})
    )
    assert left_by(logical_date=None).logical_date == 60.0


@pytest.mark.parametrize("state", TaskState)
def test_only_success_and_skipped_settle_a_task(state: TaskState) -> None:
    assert ("a" in left_by(("a", state)).settled) is (state in (_T.SUCCESS, _T.SKIPPED))


def test_removed_instances_are_as_if_they_had_never_been() -> None:
    shrunk = left_by(("a", _T.SUCCESS), ("a", _T.REMOVED), ("b", _T.REMOVED))
    assert (shrunk.settled, shrunk.present) == (frozenset({"a"}), frozenset({"a"}))


def test_nothing_holds_the_first_run() -> None:
    assert holds(a_task(depends_on_past=True, wait_for_downstream=True), None, ["b"]) is None


def test_past_holds_only_tasks_that_depend_on_it() -> None:
    failed = left_by(("a", _T.FAILED))
    assert holds(a_task(), failed, []) is None
    assert holds(a_task(depends_on_past=True), failed, []) == (
        "It depends on its past: a of the run before, scheduled__x, has not succeeded."
    )
    assert holds(a_task(depends_on_past=True), left_by(("a", _T.SKIPPED), ("b", _T.FAILED)), ["b"]) is None


def test_run_without_the_task_holds_it() -> None:
    assert holds(a_task(depends_on_past=True), left_by(("b", _T.SUCCESS)), []) == (
        "It depends on its past: the run before, scheduled__x, has no task a."
    )


def test_waiting_for_downstream_implies_depending_on_the_past() -> None:
    assert holds(a_task(wait_for_downstream=True), left_by(("a", _T.FAILED), ("b", _T.SUCCESS)), ["b"]) == (
        "It depends on its past: a of the run before, scheduled__x, has not succeeded."
    )


def test_waiting_for_downstream_names_what_it_waits_for() -> None:
    task = a_task(wait_for_downstream=True)
    states = [("a", _T.SUCCESS), ("b", _T.RUNNING), ("c", _T.SKIPPED), ("d", _T.UPSTREAM_FAILED)]
    assert holds(task, left_by(*states), ["b", "c", "d", "new"]) == (
        "It waits for what is downstream in the run before, scheduled__x: b, d."
    )
    assert holds(task, left_by(*states), ["c", "new"]) is None
    many = [f"t{n}" for n in range(8)]
    told = holds(task, left_by(("a", _T.SUCCESS), *((name, _T.NONE) for name in many)), many)
    assert told is not None and told.endswith("t0, t1, t2, t3, t4 and 3 more.")
