from __future__ import annotations

import pytest

from studio.core.events import Capacity, CommandGiven, Finished
from studio.core.model import Command
from studio.core.states import TASK_WRITES, TaskState
from studio.core.turn import Acknowledge, Launch, Stop
from tests.core.driver import Driver, dag, task


@pytest.fixture
def driver() -> Driver:
    return Driver()


def test_chain_launches_each_task_when_its_upstream_succeeded(driver: Driver) -> None:
    driver.publish(dag(task("a"), task("b", "a"), task("c", "b")))
    run_id = driver.trigger()
    assert driver.states == {"a": "queued", "b": "none", "c": "none"}

    driver.begin("a")
    assert driver.states["a"] == "running"
    driver.end("a")
    assert driver.states == {"a": "success", "b": "queued", "c": "none"}
    driver.end("b")
    driver.end("c")

    assert driver.states == {"a": "success", "b": "success", "c": "success"}
    assert driver.run_states[run_id] == "success"
    assert driver.machine.running == 0


def test_launch_is_an_effect_of_the_turn_that_writes_the_attempt(driver: Driver) -> None:
    driver.publish(dag(task("a")))
    driver.trigger(logical_date=1356998400.0)
    turn = driver.turns[-1]
    [launch] = turn.effects
    assert isinstance(launch, Launch)
    assert [attempt.id for attempt in turn.writes.new_attempts] == [launch.attempt_id]
    assert launch.context["ds"] == "2013-01-01"
    assert launch.directory == f"d/manual__2013-01-01T000000_0000/a/try-1-{launch.attempt_id:x}"


def test_outcome_is_acknowledged_in_the_turn_that_writes_it(driver: Driver) -> None:
    driver.publish(dag(task("a")))
    driver.trigger()
    turn = driver.end("a")
    assert turn.effects == [Acknowledge(driver.launched["a"].attempt_id)]
    assert [guard.attempt.state.value for guard in turn.writes.attempts] == ["success"]


def test_outcome_told_again_is_acknowledged_and_changes_nothing(driver: Driver) -> None:
    driver.publish(dag(task("a")))
    driver.trigger()
    driver.end("a")
    turn = driver.feed(Finished(driver.launched["a"].attempt_id, "w", "failed", 1.0, 2.0))
    assert not turn.writes
    assert turn.effects == [Acknowledge(driver.launched["a"].attempt_id)]
    assert driver.states["a"] == "success"


def test_failure_marks_everything_downstream_and_fails_the_run(driver: Driver) -> None:
    driver.publish(dag(task("a"), task("b", "a"), task("c", "b"), task("x")))
    run_id = driver.trigger()
    driver.end("a", "failed")
    assert driver.states == {"a": "failed", "b": "upstream_failed", "c": "upstream_failed", "x": "queued"}
    assert driver.run_states[run_id] == "running"
    driver.end("x")
    assert driver.run_states[run_id] == "failed"


def test_failed_task_is_tried_again_after_its_delay(driver: Driver) -> None:
    driver.publish(dag(task("a", retries=1, retry_delay=60.0)))
    run_id = driver.trigger()
    driver.end("a", "failed")
    assert driver.states["a"] == "up_for_retry"
    assert driver.machine.next_wake == driver.now + 60
    driver.feed(after=59)
    assert driver.states["a"] == "up_for_retry"
    driver.feed(after=1)
    assert driver.states["a"] == "queued"
    assert driver.launched["a"].try_number == 2
    driver.end("a", "failed")
    assert driver.states["a"] == "failed"
    assert driver.run_states[run_id] == "failed"


def test_lost_attempts_do_not_use_up_retries_and_end_after_four(driver: Driver) -> None:
    driver.publish(dag(task("a")))
    driver.trigger()
    for tries in (2, 3, 4):
        driver.lose("a")
        assert (driver.states["a"], driver.launched["a"].try_number) == ("queued", tries)
    driver.lose("a")
    assert driver.states["a"] == "failed"


def test_slots_and_run_limit_hold(driver: Driver) -> None:
    driver.feed(Capacity(3))
    driver.publish(dag(*(task(f"t{i}") for i in range(5)), max_active_tasks=2))
    driver.trigger()
    driver.trigger()
    launched = [effect for turn in driver.turns for effect in turn.effects if isinstance(effect, Launch)]
    assert len(launched) == 3  # two of the older run, one of the other
    assert driver.machine.running == 3
    driver.feed(Finished(launched[0].attempt_id, "w", "success", 1.0, 2.0))
    assert driver.machine.running == 3


def test_max_active_runs_queues_the_younger_run(driver: Driver) -> None:
    driver.publish(dag(task("a"), max_active_runs=1))
    first = driver.trigger()
    driver.now += 1
    second = driver.trigger()
    assert (driver.run_states[first], driver.run_states[second]) == ("running", "queued")
    assert driver.why("d", second, "a") == ["The run is queued: 1 runs are active; max_active_runs is 1."]
    driver.end("a")
    assert driver.run_states == {first: "success", second: "running"}


def test_pause_lets_running_tasks_end_and_starts_nothing(driver: Driver) -> None:
    driver.publish(dag(task("a"), task("b", "a")))
    run_id = driver.trigger()
    driver.command("pause")
    driver.end("a")
    assert driver.states == {"a": "success", "b": "scheduled"}
    assert driver.why("d", run_id, "b") == ["The DAG d is paused."]
    driver.command("unpause")
    assert driver.states["b"] == "queued"


def test_cancel_stops_what_runs_and_the_rest_never_starts(driver: Driver) -> None:
    driver.publish(dag(task("a"), task("b", "a")))
    run_id = driver.trigger()
    driver.begin("a")
    driver.command("cancel", {"run_id": run_id})
    assert driver.states == {"a": "stopping", "b": "cancelled"}
    assert driver.turns[-1].effects == [Stop(driver.launched["a"].attempt_id)]
    driver.end("a", "cancelled")
    assert driver.states == {"a": "cancelled", "b": "cancelled"}
    assert driver.run_states[run_id] == "cancelled"


def test_success_that_came_before_the_stop_stays_a_success(driver: Driver) -> None:
    driver.publish(dag(task("a")))
    run_id = driver.trigger()
    driver.command("cancel", {"run_id": run_id})
    driver.end("a", "success")
    assert driver.states["a"] == "success"
    assert driver.run_states[run_id] == "cancelled"


def test_clear_in_a_running_run_repeats_the_task_and_its_downstream(driver: Driver) -> None:
    driver.publish(dag(task("a"), task("b", "a"), task("slow")))
    run_id = driver.trigger()
    driver.end("a", "failed")
    assert driver.states["b"] == "upstream_failed"
    command = driver.command("clear", {"run_id": run_id, "task_ids": ["a"]})
    assert command.result["cleared"] == 2
    assert driver.states == {"a": "queued", "b": "none", "slow": "queued"}
    assert driver.launched["a"].try_number == 2
    driver.end("a")
    driver.end("b")
    driver.end("slow")
    assert driver.run_states[run_id] == "success"


def test_clear_of_a_running_task_ends_it_first_and_then_starts_anew(driver: Driver) -> None:
    driver.publish(dag(task("a")))
    run_id = driver.trigger()
    driver.begin("a")
    first = driver.launched["a"]
    driver.command("clear", {"run_id": run_id, "task_ids": ["a"]})
    assert driver.states["a"] == "restarting"
    assert driver.turns[-1].effects == [Stop(first.attempt_id)]
    driver.end("a", "cancelled")
    assert driver.states["a"] == "queued"
    assert driver.launched["a"].attempt_id != first.attempt_id


def test_unknown_task_and_unknown_dag_are_refused_with_the_nearest_name(driver: Driver) -> None:
    driver.publish(dag(task("report")))
    run_id = driver.trigger()
    refused = driver.command("clear", {"run_id": run_id, "task_ids": ["reprot"]})
    assert (refused.state, refused.result["code"]) == ("refused", "not_found")
    assert refused.result["hint"] == "Did you mean 'report'?"
    assert driver.command("pause", dag_id="dd").result["hint"] == "Did you mean 'd'?"


def test_run_id_that_exists_is_refused_and_changes_nothing(driver: Driver) -> None:
    driver.publish(dag(task("a")))
    driver.trigger(run_id="mine")
    refused = driver.command("trigger", {"run_id": "mine"})
    assert refused.result["code"] == "conflict"
    assert not driver.turns[-1].runs
    assert driver.command("trigger", {"run_id": "old"}, taken=frozenset({"old"})).state == "refused"


def test_same_logical_date_again_gets_the_next_free_run_id(driver: Driver) -> None:
    driver.publish(dag(task("a")))
    ids = [driver.trigger(logical_date=0.0) for _ in range(3)]
    assert ids == [
        "manual__1970-01-01T00:00:00+00:00",
        "manual__1970-01-01T00:00:00+00:00~2",
        "manual__1970-01-01T00:00:00+00:00~3",
    ]


def test_unknown_param_is_refused(driver: Driver) -> None:
    driver.publish(dag(task("a"), params={"limit": 3}))
    refused = driver.command("trigger", {"params": {"limt": 1}})
    assert (refused.result["code"], refused.result["hint"]) == ("invalid_input", "Did you mean 'limit'?")
    driver.trigger(params={"limit": 5})
    assert driver.launched["a"].context["params"] == {"limit": 5}


def test_new_version_leaves_existing_runs_on_theirs(driver: Driver) -> None:
    driver.publish(dag(task("a"), task("b", "a")))
    driver.trigger()
    driver.publish(dag(task("a"), task("z", "a")))
    driver.end("a")
    assert driver.states["b"] == "queued"
    assert "z" not in driver.states


def test_publishing_the_same_spec_writes_nothing(driver: Driver) -> None:
    driver.publish(dag(task("a")))
    driver.publish(dag(task("a")))
    assert driver.turns[-1].dags == []


def test_scheduled_run_starts_at_its_tick_with_the_interval_before_it(driver: Driver) -> None:
    from studio.core.spec import CronSpec

    driver.now = 86400.0 * 100 + 10
    driver.publish(dag(task("a"), schedule=CronSpec("@daily")))
    assert driver.run_states == {}
    assert driver.machine.next_wake == 86400.0 * 101
    turn = driver.feed(after=86400.0 - 10)
    [run] = turn.writes.new_runs
    assert (run.run_type, run.run_id) == ("scheduled", "scheduled__1970-04-12T00:00:00+00:00")
    assert (run.logical_date, run.interval_start, run.interval_end) == (
        86400.0 * 101,
        86400.0 * 100,
        86400.0 * 101,
    )
    assert driver.machine.next_wake == 86400.0 * 102


def test_deep_chain_and_wide_fan_out_need_no_recursion(driver: Driver) -> None:
    depth = 3000
    driver.publish(dag(*(task(f"t{i}", *([f"t{i - 1}"] if i else [])) for i in range(depth))))
    run_id = driver.trigger()
    driver.end("t0", "failed")
    assert driver.run_states[run_id] == "failed"
    assert set(driver.states.values()) == {"failed", "upstream_failed"}


def test_every_write_is_made_of_steps_of_the_table(driver: Driver) -> None:
    driver.publish(dag(task("a", retries=1), task("b", "a")))
    run_id = driver.trigger()
    driver.begin("a")
    driver.end("a", "failed")
    driver.command("clear", {"run_id": run_id, "task_ids": ["a"]})
    driver.command("cancel", {"run_id": run_id})
    driver.end("a", "cancelled")
    assert ("up_for_retry", "queued") in driver.moves  # two steps, one write
    assert all(TaskState(after) in TASK_WRITES[TaskState(before)] for before, after in driver.moves)


def test_dag_is_deleted_in_the_turn_in_which_its_last_run_ends(driver: Driver) -> None:
    driver.publish(dag(task("a")))
    driver.trigger()
    refused = driver.command("delete_dag")
    assert refused.result["code"] == "conflict"
    attempt = driver.launched["a"].attempt_id
    command = Command(99, "d", "delete_dag", {})
    turn = driver.feed(Finished(attempt, "w", "success", 1.0, 2.0), CommandGiven(command))
    assert command.state == "done"
    assert turn.writes.removed_dags == ["d"]
    assert not (turn.writes.runs or turn.writes.tasks or turn.writes.attempts or turn.writes.dags)
