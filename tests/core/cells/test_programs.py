"""The inferred flow does what running the cells from top to bottom does, in whatever order the tasks run."""

from __future__ import annotations

import contextlib
import copy
import io
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from studio.core.cells import flow as flow_module
from studio.core.cells.flow import CellFlow, TaskFlow, flow_of
from studio.core.cells.marks import read_cell
from studio.core.cells.names import CellNames, names_of

from .programs import NUMBERS, programs

Names = dict[str, Any]


def test_tasks_in_any_order_give_what_the_cells_give_from_top_to_bottom() -> None:
    seen = {"programs": 0, "tasks without upstream": 0}

    @settings(
        max_examples=250,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(programs, st.randoms(use_true_random=False))
    def check(program: list[str], chance: random.Random) -> None:
        wanted = from_top_to_bottom(program)
        assume(wanted is not None)
        assert wanted is not None
        flow = flow_in_cells(program)
        assert [each for each in flow.problems if each.severity == "error"] == []
        assert as_tasks(program, flow, chance) == wanted
        seen["programs"] += 1
        seen["tasks without upstream"] += sum(not task.upstream for task in flow.tasks) - 1

    check()
    assert seen["programs"] > 200  # most programs run
    assert seen["tasks without upstream"] > 20  # and not all of them are chains


def _first_giver(names: CellNames) -> CellNames:
    return replace(names, mutates=(), writes=tuple(name for name in names.writes if name not in names.reads))


MUTANTS: dict[str, Callable[[CellNames], CellNames]] = {
    "a change in place gives nothing": lambda names: replace(
        names, mutates=(), writes=tuple(each for each in names.writes if each not in names.mutates)
    ),
    "what may be bound is bound": lambda names: replace(names, maybe=()),
    "what is deleted is still there": lambda names: replace(names, deletes=(), maybe=(), mutates=()),
    "reads after writes are none": lambda names: replace(
        names, reads=tuple(each for each in names.reads if each not in names.writes)
    ),
    "an earlier version is as good": _first_giver,
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_flow_that_is_wrong_is_found(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*given: Any) -> CellNames:
        return MUTANTS[mutant](names_of(*given))

    monkeypatch.setattr(flow_module, "names_of", wrong)
    try:
        find(
            programs,
            _is_wrong,
            settings=settings(
                max_examples=1500,
                phases=[Phase.generate],  # the smallest program that shows it is not needed
                database=None,
                derandomize=True,
                deadline=None,
            ),
        )
    except NoSuchExample:
        pytest.fail("No program shows that it is wrong.")


def _is_wrong(program: list[str]) -> bool:
    wanted = from_top_to_bottom(program)
    if wanted is None:
        return False
    try:
        return as_tasks(program, flow_in_cells(program), random.Random(1)) != wanted
    except (KeyError, NameError):
        return True


def flow_in_cells(program: list[str]) -> CellFlow:
    marked = ["%dag d", *(f"%%task t{index}\n{source}" for index, source in enumerate(program))]
    return flow_of([read_cell(source, index) for index, source in enumerate(marked)])


def from_top_to_bottom(program: list[str]) -> list[Names] | None:
    """The values of all names after each cell; None if a cell fails."""
    names: Names = {}
    found: list[Names] = []
    for source in program:
        if not _ran(source, names):
            return None
        found.append(_values(names))
    return found


def as_tasks(program: list[str], flow: CellFlow, chance: random.Random) -> list[Names]:
    """What `from_top_to_bottom` gives, from tasks that have only what they are given: copies, as artifacts are."""
    kept: dict[tuple[str, str], Any] = {}
    after: dict[str, Names] = {}
    waiting = {task.id: task for task in flow.tasks}
    while waiting:
        task = chance.choice([each for each in waiting.values() if not set(each.upstream) & waiting.keys()])
        del waiting[task.id]
        names = {each.name: copy.deepcopy(kept[each.by, each.name]) for each in task.needs}
        if not _ran(program[task.cell - 1], names):
            raise NameError(task.id)
        for name in task.gives:
            kept[task.id, name] = copy.deepcopy(names[name])
        after[task.id] = _values(names)
    return _versions(flow.tasks, after)


def _versions(tasks: tuple[TaskFlow, ...], after: dict[str, Names]) -> list[Names]:
    """What each name stands for below each task: what the last one that defines it has made of it."""
    current: Names = {}
    found: list[Names] = []
    for task in tasks:
        names = after[task.id]
        current.update({name: names[name] for name in task.defines if name in names})
        found.append(dict(current))
    return found


def _ran(source: str, names: Names) -> bool:
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(source, "<cell>", "exec"), names)
    except Exception:
        return False
    return True


def _values(names: Names) -> Names:
    """Those of the program; not what only one cell uses, such as the variable of a loop."""
    return {name: copy.deepcopy(names[name]) for name in (*NUMBERS, "xs", "ys", "d", "e") if name in names}
