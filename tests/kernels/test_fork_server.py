"""Fork servers: when they are replaced, how they end, what they leave behind."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import psutil
import pytest
from studio_kernels import wire
from studio_kernels.host import ForkServers, private_directory
from studio_kernels.requester import NoForkServer, Refused

from studio.worker.kernels import Kernels
from tests.kernels.pipe_kernels import Servers, ask, environment, started_pipe, wait_until


@pytest.fixture
def fresh() -> Iterator[Servers]:
    """With a server that has imported nothing more than kernels need."""
    servers = Servers()
    servers.want()
    yield servers
    servers.close()


def lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def dies(pid: int) -> bool:
    return not lives(pid)


def has_parked(server: psutil.Process, former: int) -> bool:
    """Whether all it has is one that waits for the next request."""
    pids = [process.pid for process in server.children()]
    return len(pids) == 1 and former not in pids


def answer(servers: Servers, folder: Path, code: str) -> str:
    """What this code prints in a kernel of its own."""
    with started_pipe(servers, folder) as (_, client):
        client.execute(code)
        while (message := client.get_iopub_msg(timeout=60))["msg_type"] != "stream":
            pass
        return str(message["content"]["text"])


class TestReplacement:
    def test_for_more_libraries_and_the_kernels_of_the_old_one_live_on(
        self, fresh: Servers, tmp_path: Path
    ) -> None:
        former = fresh.pid
        with ask(fresh, tmp_path) as kernel:
            fresh.want("numpy")
            assert fresh.pid != former
            assert kernel.is_alive and lives(former)
            assert answer(fresh, tmp_path, "import sys; print('numpy' in sys.modules)") == "True\n"
        wait_until(lambda: fresh.host.pids() == {fresh.pid})
        assert not lives(former)
        now = fresh.pid
        fresh.host.want(fresh.command, ("numpy",))  # it has that
        assert fresh.host.pids() == {now}

    def test_tables_are_imported_beforehand_and_work_in_its_kernels(
        self, fresh: Servers, tmp_path: Path
    ) -> None:
        """pandas imports pyarrow, whose allocator would start a thread, with which nothing could be forked."""
        fresh.want("pandas", "pyarrow")
        [server] = fresh.host._servers.values()
        assert {"pandas", "pyarrow"} <= set(server.report["preloaded"])
        code = (
            "import pandas as pd, pyarrow as pa, pyarrow.compute as pc\n"
            "frame = pd.DataFrame({'x': range(100_000), 'y': ['a'] * 100_000})\n"
            "frame.to_parquet('x.parquet')\n"
            "print(pc.sum(pa.table(pd.read_parquet('x.parquet'))['x']))"
        )
        assert answer(fresh, tmp_path, code) == "4999950000\n"

    def test_when_packages_change(self, tmp_path: Path) -> None:
        packages = tmp_path / "site-packages"
        packages.mkdir()
        servers = Servers(PYTHONPATH=str(packages))
        try:
            servers.want()
            with ask(servers, tmp_path, PYTHONPATH=str(packages)):
                pass
            (packages / "more.pth").write_text("")
            with pytest.raises(Refused) as refused, ask(servers, tmp_path, PYTHONPATH=str(packages)):
                pass
            assert refused.value.stale
            servers.want(renew=True)
            with ask(servers, tmp_path, PYTHONPATH=str(packages)) as kernel:
                assert kernel.is_alive
        finally:
            servers.close()

    def test_one_that_ends_beside_its_successor_does_not_hide_it(self, fresh: Servers) -> None:
        former = fresh.pid
        fresh.host.want(fresh.command, renew=True)
        wait_until(lambda: len(fresh.host.pids()) == 2)
        os.kill(former, signal.SIGTERM)
        wait_until(lambda: not psutil.pid_exists(former))
        [successor] = fresh.host.pids()
        fresh.host.want(fresh.command)  # there is one that starts
        assert fresh.host.pids() == {successor}
        wait_until(lambda: fresh.inode is not None)
        assert fresh.pid == successor

    def test_after_many_kernels(self, tmp_path: Path) -> None:
        servers = Servers("--most", "3")
        try:
            servers.want()
            for _ in range(3):
                with ask(servers, tmp_path):
                    pass
            with pytest.raises(Refused) as refused, ask(servers, tmp_path):
                pass
            assert refused.value.stale
            wait_until(lambda: not servers.host.pids())
        finally:
            servers.close()

    def test_one_that_nobody_needs_ends_and_comes_again(self, tmp_path: Path) -> None:
        servers = Servers("--idle", "0.5")
        try:
            servers.want()
            with ask(servers, tmp_path) as kernel:
                time.sleep(1.0)
                assert kernel.is_alive  # it is needed
            wait_until(lambda: not servers.host.pids())
            assert servers.inode is None
            with pytest.raises(NoForkServer), ask(servers, tmp_path):
                pass
            servers.want()
        finally:
            servers.close()

    def test_one_that_was_killed_takes_its_kernels_along_and_another_one_comes(
        self, fresh: Servers, tmp_path: Path
    ) -> None:
        with ask(fresh, tmp_path) as kernel, ask(fresh, tmp_path) as other:
            os.kill(fresh.pid, signal.SIGKILL)
            for each in (kernel, other):
                assert each.wait_gone(30)
                assert (each.lost_server, each.exit_code) == (True, -9)
                wait_until(partial(dies, each.pid))
        wait_until(lambda: fresh.inode is None)
        while fresh.inode is None:  # not at once
            fresh.host.want(fresh.command)
            time.sleep(0.1)
        with ask(fresh, tmp_path) as kernel:
            assert kernel.is_alive

    def test_kernels_are_spawned_until_it_is_there(self, tmp_path: Path) -> None:
        servers = Servers()

        async def is_forked() -> bool:
            kernels = Kernels(servers.directory)
            opening = kernels.open(
                "python3",
                cwd=str(tmp_path),
                env=None,
                sources=["import numpy as np"],
                want=lambda command, names, renew: servers.host.want(command, names, renew=renew),
            )
            try:
                async with opening as kernel:
                    return kernel.is_forked
            finally:
                opening.release()

        try:
            assert not asyncio.run(is_forked())
            wait_until(lambda: servers.inode is not None)
            assert asyncio.run(is_forked())
            assert answer(servers, tmp_path, "import sys; print('numpy' in sys.modules)") == "True\n"
        finally:
            servers.close()


class TestRequests:
    def test_many_at_once(self, fresh: Servers, tmp_path: Path) -> None:
        with ExitStack() as stack, ThreadPoolExecutor(8) as pool:
            kernels = list(pool.map(lambda _: stack.enter_context(ask(fresh, tmp_path)), range(24)))
            assert len({kernel.pid for kernel in kernels}) == 24
            assert all(kernel.is_alive for kernel in kernels)

    def test_a_directory_that_is_gone_ends_the_kernel(self, fresh: Servers, tmp_path: Path) -> None:
        for _ in range(2):  # made for it, and made in advance
            with ask(fresh, tmp_path / "absent") as kernel:
                assert kernel.wait_gone(30)
                assert (kernel.exit_code, kernel.lost_server) == (1, False)
            time.sleep(0.1)

    def test_who_goes_away_leaves_no_kernel(self, fresh: Servers, tmp_path: Path) -> None:
        server = psutil.Process(fresh.pid)
        for kind in ("silent", "garbage", "early", "later"):
            with (
                socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as link,
                tempfile.TemporaryFile() as stderr,
            ):
                link.connect(fresh.path)
                if kind == "garbage":
                    link.send(b"[garbage")
                elif kind != "silent":
                    pair = socket.socketpair()
                    fds = (stderr.fileno(), *(end.fileno() for end in pair))
                    wire.send_packet(link, {"cwd": str(tmp_path), "env": environment(), "argv": []}, fds)
                    for end in pair:
                        end.close()
                    if kind == "later":
                        reply, received = wire.receive_packet(link)
                        assert reply is not None and lives(reply["pid"])
                        os.close(received[0])
        wait_until(lambda: len(server.children()) <= 1)  # one waits for the next request
        with ask(fresh, tmp_path) as kernel:
            assert kernel.is_alive

    def test_a_hundred_leave_nothing(self, fresh: Servers, tmp_path: Path) -> None:
        server = psutil.Process(fresh.pid)
        before: tuple[int, int] = (0, 0)
        files = set(os.listdir(tempfile.gettempdir()))
        for n in range(101):
            with ask(fresh, tmp_path) as kernel:
                if n % 2:
                    kernel.signal_group(signal.SIGKILL)
                    assert kernel.wait_gone(30) and kernel.exit_code == -9
            if n == 0:
                wait_until(lambda: has_parked(server, kernel.pid))
                before = (server.num_fds(), server.num_threads())
        wait_until(lambda: has_parked(server, kernel.pid))
        assert (server.num_fds(), server.num_threads()) == before
        ours = {name for name in set(os.listdir(tempfile.gettempdir())) - files if "studio" in name}
        assert not ours
        assert os.listdir(fresh.directory) == [os.path.basename(fresh.path)]


class TestStart:
    def test_a_library_that_starts_a_thread_is_left_out(self, tmp_path: Path) -> None:
        code = (
            "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,), daemon=True).start()\n"
        )
        (tmp_path / "seaborn.py").write_text(code)
        servers = Servers(PYTHONPATH=str(tmp_path))
        try:
            servers.want("numpy", "requests", "seaborn", "sqlalchemy")
            [server] = servers.host._servers.values()
            assert {"numpy", "requests"} <= set(server.report["preloaded"])
            assert "seaborn" not in server.report["preloaded"]
            assert psutil.Process(servers.pid).num_threads() == 1
        finally:
            servers.close()

    def test_a_python_without_ipykernel_has_none_and_is_not_asked_again_at_once(self, tmp_path: Path) -> None:
        host = ForkServers(str(tmp_path / "forks"), "pipe", contain=True)
        command = (sys.executable, "-S")
        host.want(command)
        assert len(host.pids()) <= 1
        wait_until(lambda: host._failures)
        host.want(command)
        assert host.pids() == set() and host._starting == {}
        assert os.listdir(tmp_path / "forks") == []
        host.close()
        assert not (tmp_path / "forks").exists()

    def test_a_directory_that_others_can_write_to_is_not_used(self, tmp_path: Path) -> None:
        (tmp_path / "open").mkdir(mode=0o777)
        (tmp_path / "open").chmod(0o777)
        (tmp_path / "ours").mkdir(mode=0o700)
        (tmp_path / "link").symlink_to(tmp_path / "ours")
        (tmp_path / "file").touch(0o600)
        for name in ("open", "link", "file"):
            with pytest.raises(FileExistsError):
                private_directory(str(tmp_path / name))
        assert private_directory(str(tmp_path / "ours")) == str(tmp_path / "ours")

    def test_a_host_that_is_closed_while_one_starts_leaves_nothing(self, tmp_path: Path) -> None:
        before = set(threading.enumerate())
        for pause in (0.0, 0.002, 0.05, 0.3):
            host = ForkServers(str(tmp_path / "forks"), "pipe", contain=True)
            host.want((sys.executable,))
            time.sleep(pause)
            pids = host.pids()
            host.close()
            for pid in pids:
                wait_until(partial(dies, pid))
            wait_until(lambda: set(threading.enumerate()) <= before)
            assert not (tmp_path / "forks").exists()
            assert not host.pids()
