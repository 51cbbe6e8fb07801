from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from studio.worker import processes


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "60"], env={**os.environ, "STUDIO_PROBE": "yes, this"})
    yield process
    process.kill()
    process.wait()


def test_a_pid_with_its_start_is_one_process(sleeper: subprocess.Popen[bytes]) -> None:
    start = processes.started_at(sleeper.pid)
    assert processes.is_same_process(sleeper.pid, start)
    assert not processes.is_same_process(sleeper.pid, (start or 0) + 1)
    assert not processes.is_same_process(sleeper.pid, None)
    sleeper.kill()
    while processes.started_at(sleeper.pid) is not None:  # a zombie is gone
        time.sleep(0.001)
    assert not processes.is_same_process(sleeper.pid, start)


def test_marked_finds_the_exact_mark(sleeper: subprocess.Popen[bytes]) -> None:
    def find(value: str) -> bool:
        return sleeper.pid in processes.marked("STUDIO_PROBE", value)

    deadline = time.monotonic() + 10
    while not find("yes, this") and time.monotonic() < deadline:  # until it has become `sleep`
        time.sleep(0.001)
    assert find("yes, this")
    assert not find("yes")
    assert not find("yes, this one")


def test_descendants_and_kill_all() -> None:
    shell = subprocess.Popen(["sh", "-c", "sleep 60 & sleep 60 & wait"])
    try:
        while len(processes.descendants(shell.pid)) < 2:
            time.sleep(0.001)
        tree = [shell.pid, *processes.descendants(shell.pid)]
        assert processes.kill_all(lambda: tree) == []
        assert all(processes.started_at(pid) is None for pid in tree)
    finally:
        shell.kill()
        shell.wait()


def test_kill_all_says_what_it_cannot_kill() -> None:
    assert processes.kill_all(lambda: [1], patience=0.0) == [1]


def test_subreaper_keeps_orphans_and_children_die_with_their_parent() -> None:
    code = """
import os, subprocess, sys, time
from studio.worker import processes
processes.become_subreaper()
subprocess.run(["sh", "-c", "setsid sleep 60 >/dev/null 2>&1 & exit 0"])
assert processes.has_children()
deadline = time.monotonic() + 10
while not processes.children(os.getpid()) and time.monotonic() < deadline: time.sleep(0.001)
child = (
    "import sys, time; from studio.worker import processes;"
    "processes.die_with(int(sys.argv[1])); print(1, flush=True); time.sleep(60)"
)
mortal = subprocess.Popen([sys.executable, "-c", child, str(os.getpid())], stdout=subprocess.PIPE)
mortal.stdout.readline()
print(*[pid for pid in processes.children(os.getpid()) if pid != mortal.pid], mortal.pid)
"""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
        check=True,
    )
    orphan, mortal = map(int, result.stdout.split())
    assert processes.started_at(orphan) is not None
    processes.kill_all(lambda: [orphan])
    deadline = time.monotonic() + 10
    while processes.started_at(mortal) is not None and time.monotonic() < deadline:
        time.sleep(0.001)
    assert processes.started_at(mortal) is None


def test_has_children_is_false_without_any() -> None:
    code = "from studio.worker import processes; assert not processes.has_children()"
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": root}, check=True)
