"""The memory of ten kernels that have run one cell and wait: forked ones, and plain ones."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import psutil
from jupyter_client.manager import start_new_async_kernel
from studio_kernels.host import ForkServers
from studio_kernels.requester import Refused

from studio.worker.forked_kernel import ForkedKernel

COUNT: Final = 10
PATIENCE: Final = 60.0  # seconds for a fork server, and for a plain kernel


async def idle_kernels(home: Path) -> tuple[float, float, float]:
    """PSS in MB: of ten forked kernels, of their fork server, of ten plain ipykernels. They are there one after the
    other: pages that both kinds map would count half."""
    for is_last in (False, False, True):
        try:
            forked, servers = await _forked(home)
            break
        except Refused:  # something was installed or edited meanwhile: another server takes it into account
            if is_last:
                raise
    return forked, servers, await _plain(home)


async def _forked(home: Path) -> tuple[float, float]:
    command = (sys.executable,)
    with tempfile.TemporaryDirectory(prefix="studio-bench-") as directory:
        servers = ForkServers(f"{directory}/servers", "pipe", contain=True)
        try:
            servers.want(command)
            await _ready(Path(servers.path(command)))
            async with AsyncExitStack() as stack:
                running = []
                for _ in range(COUNT):
                    path = servers.path(command)
                    kernel = ForkedKernel(
                        "python3",
                        path=path,
                        display_name="",
                        cwd=str(home),
                        env=None,
                        startup_timeout=PATIENCE,
                    )
                    running.append(await stack.enter_async_context(kernel))
                    await _execute(kernel.client)
                return _pss(kernel.pid for kernel in running), _pss(servers.pids())
        finally:
            servers.close()


async def _ready(path: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not path.exists():
        if time.monotonic() > deadline:
            raise RuntimeError("No fork server came up.")
        await asyncio.sleep(0.1)


async def _execute(client: Any) -> None:
    client.execute("1 + 1")
    while True:
        message = await client.shell_channel.get_msg(timeout=PATIENCE)
        if message["header"]["msg_type"] == "execute_reply":
            return


async def _plain(home: Path) -> float:
    async with AsyncExitStack() as stack:
        for _ in range(COUNT):
            manager, client = await start_new_async_kernel(
                PATIENCE, "python3", cwd=str(home), stderr=subprocess.DEVNULL
            )
            stack.push_async_callback(manager.shutdown_kernel, now=True)
            stack.callback(client.stop_channels)
            await _execute(client)
        children = psutil.Process().children()
        return _pss(process.pid for process in children if _is_kernel(process))


def _pss(pids: Iterable[int]) -> float:
    """MB of these processes."""
    return sum(float(psutil.Process(pid).memory_full_info().pss) for pid in pids) / 1e6


def _is_kernel(process: psutil.Process) -> bool:
    try:
        return "ipykernel_launcher" in " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return False
