"""Cages with real control groups, where this system has them; what version 2 does, as far as it can be tried."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from studio.worker.cage import Cage, remove_cages
from studio.worker.cgroups import BASE, CageUnavailable, Group, make_room, own_directory
from studio.worker.processes import started_at
from tests.conftest import Require

MIB = 1 << 20
GENEROUS = 30.0  # seconds
FORK_FOR_EVER = (
    "import os, time\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        time.sleep(0.01)"
)


@pytest.fixture
def caged(require: Require) -> None:
    require(Cage.available(), f"what cages need ({Cage.obstacle()})")


@contextmanager
def waiting(code: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that runs `code` as soon as its standard input is closed."""
    process = subprocess.Popen([sys.executable, "-c", f"input()\n{code}"], stdin=subprocess.PIPE)
    try:
        with process:  # closes its pipe
            yield process
            process.kill()
    finally:
        process.kill()


def go(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.write(b"\n")
    process.stdin.close()


def eventually(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + GENEROUS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def groups_named(text: str) -> list[Path]:
    places = [Path(path) for path, _, _ in os.walk("/sys/fs/cgroup")]
    return [place for place in places if text in place.name]


@pytest.mark.usefixtures("caged")
def test_memory_beyond_the_limit_ends_in_oom_killed() -> None:
    with Cage("memory", 64 * MIB, None) as cage, waiting("bytearray(200 << 20)") as process:
        cage.add(process.pid)
        go(process)
        assert process.wait(GENEROUS) == -signal.SIGKILL
        assert cage.verdict() == "oom_killed"
    assert cage.verdict() == "oom_killed"


@pytest.mark.usefixtures("caged")
def test_a_fork_bomb_stays_within_the_limit_and_ends_with_the_cage() -> None:
    with waiting(FORK_FOR_EVER) as process:
        with Cage("bomb", None, 20) as cage:
            cage.add(process.pid)
            go(process)
            eventually(lambda: cage.verdict() == "too_many_processes")
            bombs = cage.pids()
            assert 1 < len(bombs) <= 20
        assert process.wait(GENEROUS) == -signal.SIGKILL
        assert [pid for pid in bombs if started_at(pid) is not None] == []


@pytest.mark.usefixtures("caged")
def test_who_stays_within_the_limits_notices_nothing_and_nothing_is_left() -> None:
    with Cage(f"quiet/{os.getpid()} ü", 200 * MIB, 50) as cage, waiting("bytearray(10 << 20)") as process:
        cage.add(process.pid)
        assert cage.pids() == [process.pid]
        assert groups_named(f"-quiet_{os.getpid()}_")
        go(process)
        assert process.wait(GENEROUS) == 0
    assert cage.verdict() is None
    assert groups_named(f"-quiet_{os.getpid()}_") == []


@pytest.mark.usefixtures("caged")
def test_killing_reaches_a_grandchild_in_a_session_of_its_own_and_is_no_limit_that_was_hit() -> None:
    start = f"subprocess.Popen([sys.executable, '-c', {FORK_FOR_EVER!r}], start_new_session=True)"
    daemon = f"import subprocess, sys\n{start}"
    with waiting(daemon) as process, Cage("daemon", None, 200) as cage:
        cage.add(process.pid)
        go(process)
        process.wait(GENEROUS)
        eventually(cage.pids)
        cage.kill()
        eventually(lambda: not cage.pids())
    assert cage.verdict() in (
        None,
        "too_many_processes",
    )  # the forks may have come to the 200 before the kill


@pytest.mark.usefixtures("caged")
def test_a_process_that_is_gone_is_no_error() -> None:
    with waiting("") as process, Cage("gone", None, 20) as cage:
        go(process)
        process.wait(GENEROUS)
        cage.add(process.pid)
        assert cage.pids() == []


MAKE_ONE = """
import subprocess, sys
from studio.worker.cage import Cage
cage = Cage("left", 64 << 20, 20)
cage.__enter__()
sleeper = subprocess.Popen(["sleep", "1000"])
cage.add(sleeper.pid)
print(sleeper.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.usefixtures("caged")
def test_a_cage_of_a_killed_runner_is_removed_with_all_in_it(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = tmp_path / f"w{os.getpid()}dead"
    worker.mkdir()
    monkeypatch.setenv("STUDIO_WORKER", worker.name)
    monkeypatch.setenv("STUDIO_WORKER_DIRECTORY", str(worker))
    maker = subprocess.Popen(
        [sys.executable, "-c", MAKE_ONE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=repository
    )
    with maker:
        assert maker.stdout is not None
        sleeper = int(maker.stdout.readline())
        with Cage("another", None, 20):  # looks for leftovers: this one has an owner
            assert started_at(sleeper) is not None
        maker.kill()
    assert started_at(sleeper) is not None and groups_named(f"-{worker.name}-left")

    with Cage("another", None, 20):
        assert groups_named(f"-{worker.name}-left") == []
        assert started_at(sleeper) is None
        assert remove_cages(worker) == []  # as when the worker is settled
        assert groups_named(f"-{worker.name}-") == []
    assert list((worker / "cages").iterdir()) == []


def test_a_record_names_only_what_may_be_removed(tmp_path: Path) -> None:
    worker = tmp_path / "w1"
    (worker / "cages").mkdir(parents=True)
    precious = tmp_path / "studio-w1-x"
    precious.mkdir()
    (worker / "cages" / "x.json").write_text(f'{{"owner": 1, "started": 0, "directories": ["{precious}"]}}')
    (worker / "cages" / "half.json").write_text('{"owner"')
    assert remove_cages(worker) == []
    assert precious.exists()  # it is no control group


V1 = """\
30 25 0:26 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
33 25 0:29 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory
34 25 0:30 /docker/abc /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
35 25 0:31 /docker/abc /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
"""
MEMBER = "12:memory:/user.slice/s1\n9:pids:/docker/abc/inner\n3:cpu,cpuacct:/elsewhere\n0::/\n"


def test_the_own_group_is_found_in_each_hierarchy() -> None:
    found = {name: own_directory(name, V1, MEMBER) for name in ("memory", "pids", "cpu", "io", None)}
    assert found == {
        "memory": Path("/sys/fs/cgroup/memory/user.slice/s1"),
        "pids": Path("/sys/fs/cgroup/pids/inner"),  # mounted from a group inside: a container
        "cpu": Path("/sys/fs/cgroup/cpu,cpuacct"),  # outside of what is mounted: the top of that
        "io": None,
        None: Path("/sys/fs/cgroup/unified"),
    }


def test_without_control_groups_a_cage_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.worker.cgroups.own_directory", lambda *_: None)
    Cage.obstacle.cache_clear()
    try:
        assert not Cage.available()
        assert Cage.obstacle() == "There is no control group controller for memory and pids here."
        with pytest.raises(CageUnavailable), Cage("x", MIB, 1):
            pass
    finally:
        Cage.obstacle.cache_clear()


@pytest.fixture
def unified(require: Require) -> Iterator[Path]:
    """A group of version 2, made for the test. Its controllers may all be in use by version 1."""
    top = own_directory(None, Path("/proc/self/mountinfo").read_text(), Path("/proc/self/cgroup").read_text())
    require(top is not None and os.access(top, os.W_OK), "a writable hierarchy of control groups version 2")
    assert top is not None
    group = Group(top / f"studio-test-{os.getpid()}")
    try:
        group.create()
    except OSError as error:
        require(False, f"a writable hierarchy of control groups version 2 ({error})")
    yield group.directory
    assert group.remove()


def test_version_2_kills_and_removes_a_group_with_groups_inside(unified: Path) -> None:
    inner = Group(unified / "cage" / "inner")
    inner.directory.parent.mkdir()
    inner.create()
    with waiting(
        FORK_FOR_EVER.replace("0.01", "1").replace("os.fork()", "os.fork(); time.sleep(0.2)")
    ) as process:
        inner.add(process.pid)
        cage = Group(unified / "cage")
        assert cage.pids() == [process.pid]
        go(process)
        eventually(lambda: len(cage.pids()) > 3)
        assert cage.remove()
        assert process.wait(GENEROUS) == -signal.SIGKILL
    assert not cage.directory.exists()


def test_version_2_makes_room_in_a_group_that_is_to_hand_controllers_down(unified: Path) -> None:
    with waiting("") as process:
        Group(unified).add(process.pid)
        make_room(unified)
        assert (unified / "cgroup.procs").read_text() == ""
        assert (unified / BASE / "cgroup.procs").read_text().split() == [str(process.pid)]
        make_room(unified)  # again: nothing to do
