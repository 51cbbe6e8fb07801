"""Large DAGs: nothing recurses, and what an event costs does not grow with the size of its run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from studio.core import flow
from studio.core.events import Finished
from studio.core.machine import Machine
from studio.core.map_spec import ExpandSpec, GroupSpec, Items, Output
from studio.core.model import Command
from studio.core.spec import DagSpec, TaskSpec
from studio.core.turn import Launch
from tests.core.driver import Driver, dag, task

AT_ONCE = 100_000
NOW = 1_000_000.0


def over(n: int) -> ExpandSpec:
    return ExpandSpec(over={"x": Items(list(range(n)))})


def wide(*tasks: TaskSpec, **options: Any) -> DagSpec:
    return dag(*tasks, max_active_tasks=AT_ONCE, **options)


def chain(n: int) -> DagSpec:
    return wide(*(task(f"t{i}", *([f"t{i - 1}"] if i else [])) for i in range(n)))


def fan_in(n: int) -> DagSpec:
    return wide(*(task(f"t{i}") for i in range(n - 1)), task("z", *(f"t{i}" for i in range(n - 1))))


def fan_out(n: int) -> DagSpec:
    return wide(task("a"), *(task(f"t{i}", "a") for i in range(n - 1)))


def mapped(n: int) -> DagSpec:
    return wide(task("a"), task("t", "a", expand=over(n)), task("z", "t"))


def mapped_on_mapped(n: int) -> DagSpec:
    return wide(task("t", expand=over(n)), task("u", "t", expand=over(n)))


def mapped_over_mapped(n: int) -> DagSpec:
    return wide(task("t", expand=over(n)), task("u", "t", expand=ExpandSpec(over={"x": Output("t")})))


def mapped_group(n: int) -> DagSpec:
    tasks = [
        task("g.a", group="g"),
        task("g.b", "g.a", group="g"),
        task("g.c", "g.b", group="g"),
        task("z", "g.c"),
    ]
    return wide(*tasks, groups=(GroupSpec(id="g", expand=over(n)),))


def limited(n: int) -> DagSpec:
    return dag(
        *(task(f"t{i}", max_active_per_run=1 if i % 2 else None) for i in range(n)), max_active_tasks=4
    )


def under_a_setup(n: int) -> DagSpec:
    work = [task(f"t{i}", "s") for i in range(n)]
    down = task(
        "down", "s", *(each.id for each in work), role="teardown", trigger_rule="all_done_setup_success"
    )
    return wide(task("s", role="setup"), *work, down)


def short_circuited(n: int) -> DagSpec:
    tasks = [task(f"t{i}", *([f"t{i - 1}"] if i else ["c"])) for i in range(n)]
    return wide(task("c", interpret="short_circuit"), *tasks)


def behind_its_past(n: int) -> DagSpec:
    return wide(*(task(f"t{i}", depends_on_past=True) for i in range(n)))


def run_all(spec: DagSpec, count: Callable[[], Any] | None = None, runs: int = 1) -> tuple[int, str]:
    """Run it with a bare machine, each end in a turn of its own. Attempts, and the state of the last run."""
    machine, state = Machine(first_id=1), ""
    machine.set_capacity(AT_ONCE)
    from msgspec import to_builtins

    todo: list[Launch] = []

    def handle(event: Any) -> None:
        nonlocal state
        turn = machine.handle([event], NOW)
        todo.extend(effect for effect in turn.effects if isinstance(effect, Launch))
        state = turn.runs[-1].run.state.value if turn.runs else state

    from studio.core.events import CommandGiven

    handle(CommandGiven(Command(1, "d", "publish", {"spec": to_builtins(spec)})))
    for n in range(runs):
        payload = {"run_id": f"r{n}", "logical_date": float(n)}
        handle(CommandGiven(Command(n + 2, "d", "trigger", payload)))
    done = 0
    for launch in todo:  # it grows
        done += 1
        handle(Finished(launch.attempt_id, "w", "success", NOW, NOW, value=[1]))
    return done, state


@pytest.mark.parametrize(
    ("spec", "attempts"),
    [
        (chain(5000), 5000),
        (fan_in(10_000), 10_000),
        (fan_out(10_000), 10_000),
        (mapped(10_000), 10_002),
        (mapped_on_mapped(3000), 6000),
        (mapped_over_mapped(3000), 6000),
        (mapped_group(3000), 9001),
    ],
    ids=["chain", "fan in", "fan out", "mapped", "mapped on mapped", "mapped over mapped", "mapped group"],
)
def test_large_dag_ends(spec: DagSpec, attempts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0
    look = flow.consider

    def counted(*args: Any) -> None:
        nonlocal looks
        looks += 1
        look(*args)

    monkeypatch.setattr(flow, "consider", counted)
    assert run_all(spec) == (attempts, "success")
    assert looks < 6 * attempts


def lines(work: Callable[[], Any]) -> int:
    """Lines of the core that `work` executes."""
    found = 0

    def within(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal found
        found += event == "line"
        return within

    def entered(frame: FrameType, event: str, arg: Any) -> Any:
        return within if "/studio/core/" in frame.f_code.co_filename else None

    before = sys.gettrace()
    sys.settrace(entered)
    try:
        work()
    finally:
        sys.settrace(before)
    return found


@pytest.mark.parametrize(
    "shape",
    [
        chain,
        fan_in,
        fan_out,
        mapped,
        mapped_on_mapped,
        mapped_over_mapped,
        mapped_group,
        limited,
        under_a_setup,
        short_circuited,
    ],
)
def test_cost_of_a_task_does_not_grow_with_the_dag(shape: Callable[[int], DagSpec]) -> None:
    small, large = lines(lambda: run_all(shape(50))), lines(lambda: run_all(shape(400)))
    assert large < 8 * small * 1.25


def test_cost_of_looking_back_does_not_grow_with_the_dag() -> None:
    small = lines(lambda: run_all(behind_its_past(20), runs=3))
    large = lines(lambda: run_all(behind_its_past(160), runs=3))
    assert large < 8 * small * 1.25


def test_cost_of_a_run_does_not_grow_with_those_that_are_over() -> None:
    driver = Driver()
    driver.publish(dag(task("a", depends_on_past=True), run_timeout=1e6))

    def one(day: int) -> None:
        driver.trigger(logical_date=float(day))
        driver.end("a")

    def some(first: int) -> int:
        """The lines of three runs."""

        def work() -> None:
            for day in range(first, first + 3):
                one(day)

        return lines(work)

    one(1)
    early = some(2)
    for day in range(10, 1500):
        driver.turns.clear()
        one(day)
    assert some(2000) < 1.25 * early


def test_clear_of_a_large_map_is_as_cheap_as_its_making() -> None:
    def cleared(n: int) -> int:
        driver = Driver()
        driver.publish(mapped_on_mapped(n))
        run_id = driver.trigger()
        driver.run_to_end()
        return lines(lambda: driver.about("clear", run_id, task_ids=[]))

    assert cleared(400) < 8 * cleared(50) * 1.25
