"""The pool executor under everything that kills processes. Real servers, workers and runners."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from studio.core.model import Attempt
from studio.core.states import AttemptState
from studio.errors import Conflict
from studio.executors import pool as pool_module
from studio.executors import worker_server
from studio.executors.pool_worker import PoolTimings
from studio.ports import Capacity, Lost

from .conftest import Pool, is_gone, launch, pids_in


async def test_a_task_runs_and_its_worker_forgets_it(pool: Pool) -> None:
    await pool.start(prefetch=6)
    pool.launch(1, "add", a=2, b=3)
    report = await pool.finished(1)
    assert (report.state, report.value, report.error, report.details) == (
        "success",
        5,
        None,
        {"rendered": {"a": 2, "b": 3}},
    )
    assert report.started_at <= report.ended_at
    assert pool.reports[0] == Capacity(2 + 6)


async def test_many_tasks_all_end_once_and_use_no_new_process(pool: Pool, tmp_path: Path) -> None:
    await pool.start()
    assert pool.executor is not None
    pool.executor.launch([launch(i, "note", file=str(tmp_path / "log")) for i in range(1, 201)])
    reports = [await pool.finished(i) for i in range(1, 201)]
    assert {report.state for report in reports} == {"success"}
    assert len({report.value for report in reports}) <= 2
    assert sorted(pids_in(tmp_path / "log")) == list(range(1, 201))


async def test_an_urgent_attempt_is_passed_on_although_the_window_is_full(pool: Pool, tmp_path: Path) -> None:
    await pool.start(prefetch=1)  # two run, one waits in the worker
    gate, log = tmp_path / "gate", tmp_path / "log"
    assert pool.executor is not None
    for attempt_id in (1, 2, 3, 4):
        pool.launch(attempt_id, "wait_for", priority=(9.0,), file=str(gate), begun=str(log))
    await pool.until(lambda: sorted(pids_in(log)) == [1, 2])
    pool.launch(5, "note", priority=(1.0,), file=str(log))
    pool.launch(6, "note", priority=(9.0,), file=str(log))
    (worker,) = pool.executor._crew.workers.values()
    await pool.until(lambda: 5 in worker.given)
    assert sorted(worker.given) == [1, 2, 3, 5]  # 4 and 6 overtake nobody
    pool.executor.cancel([1])
    await pool.finished(5)
    assert pids_in(log)[2] == 5
    gate.touch()
    for attempt_id in (2, 3, 4, 6):
        assert (await pool.finished(attempt_id)).state == "success"


async def test_what_waited_in_a_killed_worker_keeps_its_order(pool: Pool, tmp_path: Path) -> None:
    await pool.start(prefetch=20)
    log = tmp_path / "log"
    for attempt_id in (1, 2):
        pool.launch(attempt_id, "stubborn", pids=str(tmp_path / f"pids{attempt_id}"))
    await pool.until(lambda: all(len(pids_in(tmp_path / f"pids{i}")) == 2 for i in (1, 2)))
    pool.launch(3, "wait_for", priority=(0.0,), file=str(tmp_path / "gate"), begun=str(log))
    for attempt_id, priority in ((4, 5.0), (5, 1.0), (6, 5.0)):
        pool.launch(attempt_id, "note", priority=(priority,), file=str(log))
    assert pool.executor is not None
    (worker,) = pool.executor._crew.workers.values()
    await pool.until(lambda: len(worker.given) == 6)
    os.kill(await pool.worker_pid(), signal.SIGKILL)
    for attempt_id in (4, 5, 6):
        assert (await pool.finished(attempt_id)).state == "success"
    (tmp_path / "gate").touch()
    assert (await pool.finished(3)).value == "seen"
    begun = [i for i in pids_in(log) if i != 3]
    assert begun == [5, 4, 6]


async def test_attempts_go_on_without_server_and_the_next_one_hears_of_all(
    pool: Pool, tmp_path: Path
) -> None:
    await pool.start()
    gate, log = tmp_path / "gate", tmp_path / "log"
    pool.launch(1, "wait_for", file=str(gate), begun=str(log))
    pool.launch(2, "wait_for", file=str(gate), begun=str(log))
    pool.launch(3, "wait_for", file=str(gate), begun=str(log))  # waits in the worker: two slots
    await pool.until(lambda: pool.starts(1) and pool.starts(2))
    await pool.stop()
    gate.touch()
    await pool.until(lambda: sorted(pids_in(log)) == [1, 2, 3])
    unfinished = [Attempt(i, i, 1) for i in (1, 2, 3, 4)]
    assert await pool.start(unfinished) == {4}
    assert [(await pool.finished(i)).value for i in (1, 2, 3)] == ["seen"] * 3
    assert sorted(pids_in(log)) == [1, 2, 3]


@pytest.mark.parametrize("moment", [0.0, 0.05, 0.3, 0.8])
async def test_killed_server_loses_and_repeats_nothing(pool: Pool, tmp_path: Path, moment: float) -> None:
    log = tmp_path / "log"
    launches = [dataclasses.asdict(launch(i, "note", file=str(log), seconds=0.05)) for i in range(1, 21)]
    script = Path(__file__).with_name("server_process.py")
    root = Path(__file__).resolve().parents[2]
    server = subprocess.Popen(  # noqa: ASYNC220 - to be killed
        [sys.executable, str(script), str(pool.settings.home), json.dumps(launches)],
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    assert "Capacity" in server.stdout.readline()  # the launches follow at once
    await asyncio.sleep(moment)
    server.kill()
    server.communicate()
    again = await pool.start([Attempt(i, i, 1) for i in range(1, 21)])
    assert pool.executor is not None
    pool.executor.launch([launch(i, "note", file=str(log), seconds=0.05) for i in sorted(again)])
    for i in range(1, 21):
        assert (await pool.finished(i)).state == "success"
    assert sorted(pids_in(log)) == list(range(1, 21))


async def test_killed_worker_loses_what_ran_and_hands_on_what_waited(pool: Pool, tmp_path: Path) -> None:
    await pool.start()
    pids, log = tmp_path / "pids", tmp_path / "log"
    pool.launch(1, "stubborn", pids=str(pids))
    pool.launch(2, "stubborn", pids=str(tmp_path / "pids2"))
    pool.launch(3, "note", file=str(log))
    await pool.until(lambda: len(pids_in(pids)) == 2 and len(pids_in(tmp_path / "pids2")) == 2)
    os.kill(await pool.worker_pid(), signal.SIGKILL)
    lost = await pool.end(1)
    assert isinstance(lost, Lost) and "ended unexpectedly" in lost.reason
    assert isinstance(await pool.end(2), Lost)
    assert all(is_gone(pid) for pid in pids_in(pids) + pids_in(tmp_path / "pids2"))
    assert (await pool.finished(3)).state == "success"
    assert pids_in(log) == [3]
    await asyncio.sleep(0.2)
    assert len(pool.ends(1)) == 1
    assert len(list(pool.settings.worker_root.glob("w*"))) == 1  # the dead one's directory is gone


async def test_worker_that_died_without_server_is_settled_from_its_journal(
    pool: Pool, tmp_path: Path
) -> None:
    await pool.start()
    pool.acknowledges = False
    pool.launch(1, "add", a=1, b=1)
    await pool.finished(1)
    pool.launch(2, "stubborn", pids=str(tmp_path / "pids"))
    await pool.until(lambda: pool.starts(2) and len(pids_in(tmp_path / "pids")) == 2)
    worker = await pool.worker_pid()
    await pool.stop()
    os.kill(worker, signal.SIGKILL)
    pool.reports.clear()
    pool.acknowledges = True
    running = Attempt(2, 2, 1, state=AttemptState.RUNNING)
    assert await pool.start([Attempt(1, 1, 1), running, Attempt(3, 3, 1)]) == {3}
    assert (await pool.finished(1)).value == 2
    assert isinstance(await pool.end(2), Lost)
    assert all(is_gone(pid) for pid in pids_in(tmp_path / "pids"))


async def test_paused_worker_is_judged_lost_after_its_lease_and_killed(pool: Pool, tmp_path: Path) -> None:
    pool.timings = PoolTimings(lease=1.0, beat=0.2, look=0.1, grace=0.3)
    await pool.start()
    pool.launch(1, "stubborn", pids=str(tmp_path / "pids"))
    await pool.until(lambda: pool.starts(1) and len(pids_in(tmp_path / "pids")) == 2)
    worker = await pool.worker_pid()
    os.kill(worker, signal.SIGSTOP)
    lost = await pool.end(1)
    assert isinstance(lost, Lost) and "silent" in lost.reason
    assert is_gone(worker) and all(is_gone(pid) for pid in pids_in(tmp_path / "pids"))


async def test_silent_worker_neither_blocks_the_start_nor_has_its_attempts_repeated(
    pool: Pool, tmp_path: Path
) -> None:
    pool.timings = PoolTimings(lease=1.5, beat=0.2, look=0.1, grace=0.3, hello=0.2)
    await pool.start()
    pool.launch(1, "stubborn", pids=str(tmp_path / "pids"))
    await pool.until(lambda: pool.starts(1) and len(pids_in(tmp_path / "pids")) == 2)
    worker = await pool.worker_pid()
    await pool.stop()
    os.kill(worker, signal.SIGSTOP)
    assert await pool.start([Attempt(1, 1, 1), Attempt(2, 2, 1)]) == set()
    pool.launch(3, "add", a=1, b=1)  # others go on meanwhile
    assert (await pool.finished(3)).value == 2
    assert isinstance(await pool.end(1), Lost)
    assert isinstance(await pool.end(2), Lost)


async def test_paused_worker_that_wakes_in_time_is_adopted(pool: Pool, tmp_path: Path) -> None:
    pool.timings = PoolTimings(hello=0.2, grace=0.3)
    await pool.start()
    pool.launch(1, "wait_for", file=str(tmp_path / "gate"), begun=str(tmp_path / "log"))
    await pool.until(lambda: pids_in(tmp_path / "log"))
    worker = await pool.worker_pid()
    await pool.stop()
    os.kill(worker, signal.SIGSTOP)
    assert await pool.start([Attempt(1, 1, 1), Attempt(2, 2, 1)]) == set()
    os.kill(worker, signal.SIGCONT)
    (tmp_path / "gate").touch()
    assert (await pool.finished(1)).value == "seen"
    lost = await pool.end(2)
    assert isinstance(lost, Lost) and "No worker knows" in lost.reason


@pytest.mark.parametrize(
    ("name", "args", "words"),
    [
        ("leave", {"code": 3}, "exit code 3"),
        ("kill_self", {}, "signal 9 (SIGKILL"),
        ("close_everything", {}, "signal 9"),
    ],
)
async def test_dead_runner_fails_its_attempt_and_is_replaced(
    pool: Pool, name: str, args: dict[str, int], words: str
) -> None:
    await pool.start()
    pool.launch(1, name, **args)
    report = await pool.finished(1)
    assert report.state == "failed" and words in (report.error or "")
    for attempt_id in (2, 3, 4):
        pool.launch(attempt_id, "add", a=1, b=attempt_id)
        assert (await pool.finished(attempt_id)).value == 1 + attempt_id


async def test_cancel_ends_a_stubborn_task_with_all_its_processes(pool: Pool, tmp_path: Path) -> None:
    await pool.start()
    pids = tmp_path / "pids"
    pool.launch(1, "stubborn", pids=str(pids))
    await pool.until(lambda: len(pids_in(pids)) == 2)
    assert pool.executor is not None
    pool.executor.cancel([1])
    assert (await pool.finished(1)).state == "cancelled"
    assert all(is_gone(pid) for pid in pids_in(pids))


async def test_timeout_is_a_failure_that_says_so(pool: Pool, tmp_path: Path) -> None:
    await pool.start()
    pool.launch(1, "stubborn", pids=str(tmp_path / "pids"), timeout=0.5)
    report = await pool.finished(1)
    assert report.state == "failed" and (report.error or "").startswith("timed out after 0.5 s")
    assert all(is_gone(pid) for pid in pids_in(tmp_path / "pids"))


async def test_what_a_task_leaves_behind_ends_with_it(pool: Pool, tmp_path: Path) -> None:
    await pool.start()
    pool.launch(1, "stray", pids=str(tmp_path / "pids"))
    assert (await pool.finished(1)).value == "done"
    (pid,) = pids_in(tmp_path / "pids")
    assert is_gone(pid)


async def test_a_task_that_forks_ends_once(pool: Pool) -> None:
    await pool.start()
    pool.launch(1, "fork_and_return")
    assert (await pool.finished(1)).state == "success"
    pool.launch(2, "add", a=1, b=1)
    await pool.finished(2)
    assert len(pool.ends(1)) == 1


async def test_workers_of_another_version_finish_and_get_nothing_new(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pool.start()
    pool.launch(1, "wait_for", file=str(tmp_path / "gate"), begun=str(tmp_path / "log"))
    await pool.until(lambda: pool.starts(1))
    old = await pool.worker_pid()
    await pool.stop()
    monkeypatch.setattr(pool_module, "__version__", "999")
    await pool.start([Attempt(1, 1, 1)])
    monkeypatch.undo()
    pool.launch(2, "add", a=1, b=1)
    second = await pool.finished(2)
    (tmp_path / "gate").touch()
    first = await pool.finished(1)
    assert first.value == "seen" and first.worker != second.worker
    await pool.until(lambda: is_gone(old))


async def test_worker_that_cannot_start_is_explained(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'library xyz is missing'\nexit 1\n")
    broken.chmod(0o700)
    pool.timings = PoolTimings(backoff=0.01)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", str(broken))
        await pool.start()
        pool.launch(1, "add", a=1, b=1)
        lost = await pool.end(1)
    assert isinstance(lost, Lost) and "library xyz is missing" in lost.reason
    await pool.worker_pid()  # cured
    pool.launch(2, "add", a=1, b=1)
    assert (await pool.finished(2)).value == 2


async def test_second_server_of_a_home_is_refused(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_server, "_LOCK_PATIENCE", 0.1)
    await pool.start()
    other = Pool(pool.settings)
    with pytest.raises(Conflict, match="Another server"):
        await other.start()


async def test_socket_and_files_are_private(pool: Pool) -> None:
    await pool.start()
    await pool.worker_pid()
    places = [pool.settings.socket_directory, *pool.settings.worker_root.rglob("*")]
    assert all(stat.S_IMODE(place.stat().st_mode) & 0o077 == 0 for place in places)


async def test_idle_worker_without_server_exits(pool: Pool) -> None:
    pool.timings = PoolTimings(orphan_timeout=0.4)
    await pool.start()
    worker = await pool.worker_pid()
    await pool.stop()
    await pool.until(lambda: is_gone(worker))


async def test_unacknowledged_outcome_is_said_again_to_the_next_server(pool: Pool) -> None:
    pool.acknowledges = False
    await pool.start()
    pool.launch(1, "add", a=1, b=1)
    first = await pool.finished(1)
    await pool.stop()
    pool.reports.clear()
    pool.acknowledges = True
    assert await pool.start([Attempt(1, 1, 1)]) == set()
    second = await pool.finished(1)
    assert first == second
