"""`dag.test(stop_before=…)` and `step=True`: pauses, values looked at and replaced, ends."""

from __future__ import annotations

import asyncio
import gc
import threading
from pathlib import Path
from typing import Any

import pytest

import studio
from studio import DAG, approval, function, task
from studio.errors import InvalidInput
from studio.testing import Trial, TrialOver

calls: list[str] = []


@pytest.fixture(autouse=True)
def no_calls() -> None:
    calls.clear()


def number() -> int:
    calls.append("number")
    return 20


def double(of: Any) -> Any:
    calls.append("double")
    return of * 2


def report(of: Any) -> str:
    calls.append("report")
    return f"it is {of}"


def chain() -> DAG:
    with DAG("chain") as dag:
        first = function(number)
        second = function(double, args={"of": first.output})
        function(report, args={"of": second.output})
    return dag


def test_pauses_before_a_task_and_goes_on() -> None:
    trial = chain().test(stop_before="report")
    assert (trial.next_tasks, trial.values, calls) == (
        ["report"],
        {"number": 20, "double": 40},
        ["number", "double"],
    )
    assert repr(trial) == "<trial of chain, paused: done: ✓ number, ✓ double, … report; next: report>"
    assert trial.resume() is trial
    assert trial.is_over
    assert trial.run.check()["report"].value == "it is 40"
    assert repr(trial) == "<trial of chain, over: <test run of chain ✓ success: 3 success>>"


def test_steps_task_by_task() -> None:
    trial = chain().test(step=True)
    seen = []
    while not trial.is_over:
        seen.append((trial.next_tasks, list(calls)))
        trial.step()
    assert seen == [(["number"], []), (["double"], ["number"]), (["report"], ["number", "double"])]
    assert trial.run.state == "success"


def test_tasks_run_in_the_thread_that_steps() -> None:
    threads = []
    with DAG("where") as dag:
        function(lambda: threads.append(threading.current_thread()), task_id="here")
    dag.test(step=True).step().run.check()
    assert threads == [threading.current_thread()]


def test_a_replaced_value_goes_on_from_there() -> None:
    trial = chain().test(stop_before=["double", "report"])
    trial.replace("number", 1).resume()
    assert trial.values == {"number": 1, "double": 2}
    trial.replace("double", 7).resume()
    assert trial.run.check().values == {"number": 1, "double": 7, "report": "it is 7"}


def test_a_saved_value_is_replaced_by_its_name() -> None:
    with DAG("keeps") as dag:

        @task
        def keep() -> None:
            studio.save("table", {"a": 1})

        @task
        def use() -> Any:
            return studio.load("keep", "table")

        keep() >> use()
    trial = dag.test(stop_before="use")
    trial.replace("keep", {"a": 2}, name="table")
    assert trial.run["keep"].saved == {"table": {"a": 2}}
    assert trial.resume().run.check()["use"].value == {"a": 2}


def test_instances_of_a_mapped_task_are_stepped_through_and_a_breakpoint_counts_once() -> None:
    with DAG("mapped") as dag:
        function(double, task_id="twice").expand(of=[1, 2, 3])
    trial = dag.test(step=True).step()
    assert trial.next_tasks == ["twice[1]", "twice[2]"]
    assert trial.values == {"twice[0]": 2}
    trial = dag.test(stop_before="twice")
    assert trial.next_tasks == ["twice[0]", "twice[1]", "twice[2]"]
    assert trial.resume().is_over


def test_what_is_mapped_over_is_not_replaced() -> None:
    with DAG("mapped") as dag:
        items = function(lambda: [1, 2], task_id="items")
        function(double, task_id="twice").expand(of=items.output)
    trial = dag.test(stop_before="twice")
    with pytest.raises(InvalidInput, match="'twice' is mapped over"):
        trial.replace("items", [3])
    with pytest.raises(InvalidInput, match="it is mapped"):
        trial.replace("twice", [3])


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("nmber", 1), "no task 'nmber'.*number"),
        (("double", 1), "'double' has not succeeded.*Next: double"),
    ],
)
def test_values_that_there_are_not_are_not_replaced(asked: tuple[str, int], told: str) -> None:
    trial = chain().test(stop_before="double")
    with pytest.raises(InvalidInput, match=told):
        trial.replace(*asked)
    with pytest.raises(InvalidInput, match="saved nothing as 'table'"):
        trial.replace("number", 1, name="table")


def test_a_breakpoint_that_there_is_not() -> None:
    with pytest.raises(InvalidInput, match=r"stop_before.*'reprt'.*report"):
        chain().test(stop_before="reprt")


def test_a_trial_that_is_over_does_not_go_on() -> None:
    trial = chain().test(step=True)
    stopped = trial.step().stop()
    assert stopped.states == {"number": "success", "double": "queued", "report": "none"}
    assert trial.run is stopped
    for go_on in (trial.step, trial.resume, lambda: trial.replace("number", 1)):
        with pytest.raises(TrialOver, match=r"'chain' is over.*trial.run"):
            go_on()
    assert calls == ["number"]


def test_time_stands_still_in_a_pause() -> None:
    with DAG("limited", run_timeout=1) as dag:
        function(number) >> function(number, task_id="again")
    trial = dag.test(stop_before="again")
    threading.Event().wait(1.5)  # somebody looks
    assert trial.resume().run.check().state == "success"


def test_retries_come_in_their_turn() -> None:
    tries = []

    def flaky() -> int:
        tries.append(1)
        if len(tries) < 2:
            raise OSError("away")
        return len(tries)

    with DAG("flaky") as dag:
        function(flaky, retries=1, retry_delay="1 day")
    trial = dag.test(step=True).step()
    assert (trial.next_tasks, trial.run["flaky"].tries) == (["flaky"], 2)
    assert trial.step().run.check()["flaky"].value == 2


def test_a_trial_that_cannot_go_on_is_over() -> None:
    with DAG("asks") as dag:
        function(number) >> approval("Well?", task_id="well")
    trial = dag.test(step=True).step()
    assert trial.is_over
    assert trial.run.stuck == ("well waits for an answer: give answers={'well': …}.",)


def test_in_a_running_event_loop() -> None:
    async def cell() -> Trial:
        return chain().test(stop_before="report")

    trial = asyncio.run(cell())
    assert trial.next_tasks == ["report"]
    assert trial.resume().run.check().state == "success"


def test_a_forgotten_trial_ends_and_its_files_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    trial = chain().test(stop_before="report")
    assert [thread.name for thread in threading.enumerate()].count("studio-test") == 1
    assert list(tmp_path.glob("studio-test-*"))
    del trial
    gc.collect()
    assert "studio-test" not in [thread.name for thread in threading.enumerate()]
    assert not list(tmp_path.glob("studio-test-*"))


def test_a_dag_file_that_steps_is_only_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.testing.asking.is_parsing", lambda: True)
    trial = chain().test(step=True)
    assert (trial.step().resume().next_tasks, trial.values, trial.is_over, calls) == ([], {}, True, [])
