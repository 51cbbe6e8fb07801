"""Kernels started from their spec by Jupyter's own manager, as JupyterLab would."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager
from jupyter_core.utils import run_sync
from studio_kernels.provisioner import ForkedPopen

from tests.kernels.pipe_kernels import GENEROUS, Servers, started_pipe

#: The names of the specs under test: Python's own kernel, and the forked one.
KERNELS = [name for name in ("python3", "studio") if name in KernelSpecManager().find_kernel_specs()]
#: And those of tasks: forks of a fork server, without zmq.
PIPE = "pipe"


@cache
def _servers() -> Servers:
    servers = Servers()
    servers.want("matplotlib", "numpy", "pandas")
    return servers


@pytest.fixture(scope="session", autouse=True)
def servers_end() -> Iterator[None]:
    """Fork servers are started by the first test that needs them, and end with the session."""
    yield
    if _servers.cache_info().currsize:
        _servers().close()


@pytest.fixture
def servers() -> Servers:
    return _servers()


@dataclass
class Ran:
    """What became of one request to execute."""

    reply: dict[str, Any]
    outputs: list[dict[str, Any]] = field(default_factory=list)  # messages on iopub, without input and status

    @property
    def status(self) -> str:
        return str(self.reply["status"])

    @property
    def text(self) -> str:
        return "".join(m["content"]["text"] for m in self.outputs if m["msg_type"] == "stream")

    @property
    def error(self) -> str:
        """Of a failed cell, for the message of an assertion."""
        return "\n".join(self.reply.get("traceback", []))

    def content(self, kind: str) -> list[dict[str, Any]]:
        return [m["content"] for m in self.outputs if m["msg_type"] == kind]


class Kernel:
    """One kernel and a client of it."""

    def __init__(self, manager: Any, client: Any) -> None:
        """`KernelManager` and `BlockingKernelClient`, or what stands for them."""
        self.manager = manager
        self.client = client

    def begin(self, code: str, *, allow_stdin: bool = False) -> str:
        return str(self.client.execute(code, allow_stdin=allow_stdin))

    def heard(self, request: str, until: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        """The messages about `request`, up to the first for which `until` holds."""
        found = []
        deadline = time.monotonic() + GENEROUS
        while True:
            message = self.client.get_iopub_msg(timeout=max(0.1, deadline - time.monotonic()))
            if message["parent_header"].get("msg_id") != request:
                continue
            found.append(message)
            if until(message):
                return found

    def finish(self, request: str) -> Ran:
        messages = self.heard(request, lambda m: m["content"].get("execution_state") == "idle")
        while True:
            reply = self.client.get_shell_msg(timeout=GENEROUS)
            if reply["parent_header"].get("msg_id") == request:
                break
        kept = [m for m in messages if m["msg_type"] not in ("status", "execute_input")]
        return Ran(reply["content"], kept)

    def run(self, code: str, *, allow_stdin: bool = False) -> Ran:
        return self.finish(self.begin(code, allow_stdin=allow_stdin))

    def value(self, expression: str) -> str:
        """`repr` of a Python expression."""
        ran = self.run(f"print(repr({expression}), end='')")
        assert ran.status == "ok", ran.error
        return ran.text

    def ask(self, request: str) -> dict[str, Any]:
        """The content of the reply to any other request, given by its message id."""
        while True:
            reply = self.client.get_shell_msg(timeout=GENEROUS)
            if reply["parent_header"].get("msg_id") == request:
                content: dict[str, Any] = reply["content"]
                return content

    def exit_code(self) -> int | None:
        """Waits for the process to end."""
        deadline = time.monotonic() + GENEROUS
        while (code := run_sync(self.manager.provisioner.poll)()) is None:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return code


@cache
def warm(name: str) -> None:
    """Wait until kernels of this spec are forks, if it is the spec of those: the first ones are not."""
    while name == "studio":
        manager = KernelManager(kernel_name=name)
        manager.start_kernel()
        is_forked = isinstance(getattr(manager.provisioner, "process", None), ForkedPopen)
        manager.shutdown_kernel(now=True)
        manager.context.destroy(linger=0)
        if is_forked:
            return
        time.sleep(0.5)


@contextmanager
def started(name: str, folder: Path, **environment: str) -> Iterator[Kernel]:
    """A kernel that runs in `folder`."""
    if name == PIPE:
        with started_pipe(_servers(), folder, **environment) as (pipe_manager, pipe_client):
            yield Kernel(pipe_manager, pipe_client)
        return
    warm(name)
    manager = KernelManager(kernel_name=name)
    env = {**os.environ, "STUDIO_TEST_CWD": str(folder), **environment}
    env.pop("PYTEST_CURRENT_TEST", None)  # ipykernel would not listen to file descriptor 1
    manager.start_kernel(cwd=str(folder), env=env)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=GENEROUS)
        while True:
            try:
                client.get_iopub_msg(timeout=0.1)
            except Empty:
                break
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        if manager.has_kernel:
            manager.shutdown_kernel(now=not manager.is_alive())
        manager.context.destroy(linger=0)


@pytest.fixture(scope="class", params=[*KERNELS, PIPE])
def kernel_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="class")
def kernel(kernel_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """One for the tests of a class, which leave it as they found it."""
    folder = tmp_path_factory.mktemp("kernel")
    with started(kernel_name, folder, TZ="Asia/Tokyo", STUDIO_TEST_GIVEN="ünï code=; x") as kernel:
        yield kernel


@pytest.fixture
def own_kernel(kernel_name: str, tmp_path: Path) -> Iterator[Kernel]:
    """One for a single test, which may end it."""
    with started(kernel_name, tmp_path) as kernel:
        yield kernel
