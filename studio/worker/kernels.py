"""Which kernel a notebook gets: a fork where there is a fork server for its Python, else a process of its own."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Final

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from studio_kernels import host, preloads
from studio_kernels.requester import NoForkServer, Refused

from studio.worker.forked_kernel import ForkedKernel
from studio.worker.kernel_process import KernelProcess
from studio.worker.spawned_kernel import SpawnedKernel

_SPEC_AGE: Final = 10.0  # seconds for which a kernelspec is believed
_KIND: Final = "pipe"
_START: Final = 60.0  # seconds until a kernel that does not answer has failed

#: Takes the command of a Python, libraries to import, and whether the fork server that is there should be replaced.
Want = Callable[[tuple[str, ...], tuple[str, ...], bool], None]


class Kernels:
    """The kernels of one runner. directory: of its worker's fork servers; empty: kernels are spawned."""

    def __init__(self, directory: str = "") -> None:
        self._directory = directory if host.is_possible() else ""
        self._specs: dict[str, tuple[float, KernelSpec]] = {}

    def open(
        self,
        name: str,
        *,
        cwd: str | None,
        env: dict[str, str] | None,
        sources: Iterable[str] = (),
        attachable: bool = False,
        want: Want | None = None,
    ) -> OpenKernel:
        """A kernel for cells with these sources.

        attachable: other Jupyter clients can connect to it, so it is spawned. want: called when there should be a
        fork server, or another one.
        """
        spawned = SpawnedKernel(name, cwd=cwd, env=env, startup_timeout=_START)
        spec = None if not self._directory or attachable else self._spec(name)
        command = None if spec is None else _command(spec)
        if spec is None or command is None:
            return OpenKernel(spawned, attachable=attachable)
        path = os.path.join(self._directory, host.socket_name(command, _KIND))
        more = {**spec.env, **(env or {})}
        forked = ForkedKernel(
            name, path=path, display_name=spec.display_name, cwd=cwd, env=more, startup_timeout=_START
        )
        libraries = tuple(sorted(preloads.wanted(sources)))
        return OpenKernel(spawned, forked, lambda is_stale: want and want(command, libraries, is_stale))

    def _spec(self, name: str) -> KernelSpec | None:
        at, spec = self._specs.get(name, (0.0, None))
        if spec is None or time.monotonic() - at > _SPEC_AGE:
            try:
                spec = KernelSpecManager().get_kernel_spec(name)
            except NoSuchKernel:  # the start says it, with what there is
                return None
            self._specs[name] = (time.monotonic(), spec)
        return spec


class OpenKernel:
    """Async context manager for the kernel that it turns out to be."""

    def __init__(
        self,
        spawned: KernelProcess,
        forked: ForkedKernel | None = None,
        want: Callable[[bool], object] | None = None,
        *,
        attachable: bool = False,
    ) -> None:
        self.attachable = attachable  # people are told how to connect
        self.startup_timeout = _START  # seconds
        self._spawned = spawned
        self._forked = forked
        self._want = want
        self._kernel = spawned

    def begin(self) -> None:
        """Ask the fork server already, if there is one: a kernel comes up beside what is done until it is entered."""
        if self._forked is not None:
            try:
                self._forked.begin()
            except NoForkServer:  # entering asks once more
                pass

    async def __aenter__(self) -> KernelProcess:
        if self._forked is not None and self._want is not None:
            is_stale = False
            try:
                self._kernel = self._forked
                return await self._forked.__aenter__()
            except NoForkServer:
                self._kernel = self._spawned
            except Refused as refusal:
                self._kernel, is_stale = self._spawned, refusal.stale
            finally:
                self._want(is_stale)  # one with the libraries of these cells, for those that follow
        self._kernel.startup_timeout = self.startup_timeout
        return await self._kernel.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self._kernel.__aexit__(kind, error, tb)

    def release(self) -> None:
        """Whatever was started, and also when an exception tore the loop away: it is gone. Safe to call again."""
        for kernel in (self._forked, self._spawned):
            if kernel is not None:
                kernel.release()


def _command(spec: KernelSpec) -> tuple[str, ...] | None:
    """How its Python is started, with an absolute path; None if it is not forked from."""
    if (spec.metadata.get("kernel_provisioner") or {}).get("provisioner_name") not in (
        None,
        "",
        "local-provisioner",
        "studio-fork",
    ):
        return None
    command = host.forkable(spec.argv)
    if command is None:
        return None
    version = sys.version_info
    if command[0] in (
        "python",
        f"python{version[0]}",
        f"python{version[0]}.{version[1]}",
    ):  # as jupyter_client has it
        return (sys.executable, *command[1:])
    found = shutil.which(command[0])
    return None if found is None else (os.path.abspath(found), *command[1:])
