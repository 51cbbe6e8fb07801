"""`shell` in real workers: whatever ends the attempt, nothing that the command has started is left."""

from __future__ import annotations

import dataclasses
import os
import signal
from pathlib import Path

import pytest

from studio.core.turn import Launch
from studio.ports import Lost

from .conftest import Pool, is_gone, launch

#: A child in the group, one that has left the session, one that ignores requests to end.
SCRIPT = """
echo "1 $$" >> "$PIDS"
sleep 600 &
echo "2 $!" >> "$PIDS"
setsid sh -c 'echo "3 $$" >> "$PIDS"; setsid sleep 600 & sleep 600' &
(trap '' TERM INT; echo "4 $BASHPID" >> "$PIDS"; while true; do sleep 1; done) &
wait
"""


def shell(attempt_id: int, pids: Path, timeout: float | None = None) -> Launch:
    args = {"command": SCRIPT, "use_shell": True, "env": {"PIDS": str(pids)}}
    config = {"operator": "shell", "args": args, "directory": str(pids.parent)}
    made = launch(attempt_id, "", timeout=timeout)
    return dataclasses.replace(made, kind="operator", config=config)


def started(pids: Path) -> list[int]:
    return [int(line.split()[1]) for line in pids.read_text().splitlines()] if pids.exists() else []


@pytest.mark.parametrize("how", ["cancelled", "timed out"])
async def test_all_that_the_command_started_ends_with_it(pool: Pool, tmp_path: Path, how: str) -> None:
    await pool.start()
    assert pool.executor is not None
    pids = tmp_path / "pids"
    pool.executor.launch([shell(1, pids, timeout=8.0 if how == "timed out" else None)])
    await pool.until(lambda: len(started(pids)) == 4)
    if how == "cancelled":
        pool.executor.cancel([1])
    report = await pool.finished(1)
    assert report.state == ("cancelled" if how == "cancelled" else "failed")
    await pool.until(lambda: all(is_gone(pid) for pid in started(pids)))


async def test_all_that_the_command_started_ends_with_a_killed_worker(pool: Pool, tmp_path: Path) -> None:
    await pool.start()
    assert pool.executor is not None
    pids = tmp_path / "pids"
    pool.executor.launch([shell(1, pids)])
    await pool.until(lambda: len(started(pids)) == 4)
    os.kill(await pool.worker_pid(), signal.SIGKILL)
    assert isinstance(await pool.end(1), Lost)
    await pool.until(lambda: all(is_gone(pid) for pid in started(pids)))
