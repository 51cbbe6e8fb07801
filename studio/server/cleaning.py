"""What runs have left outside of the database goes with them: values that no other run has, and files of attempts.

Only what belonged to runs that were deleted by this server is looked at: a server that is started with another
database by mistake removes nothing. What a kill leaves behind takes room and does no harm.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Final

from typing_extensions import Self

from studio.artifacts.local import LocalArtifacts, contained
from studio.errors import Forbidden, StudioError
from studio.ports import Clock, Store
from studio.values.stores import open_store

log = logging.getLogger(__name__)

MARGIN: Final = (
    2.0  # seconds between the clocks of those who save and of this server; elsewhere than here, `FAR`
)
FAR: Final = 600.0
AGAIN: Final = 60.0  # seconds until what may not go yet is looked at again


class Cleaning:
    """Works in the background. An async context manager."""

    def __init__(self, store: Store, artifacts: LocalArtifacts, clock: Clock) -> None:
        self._store = store
        self._artifacts = artifacts
        self._clock = clock
        self._waiting: set[str] = set()  # digests
        self._directories: list[str] = []  # relative to the artifact root
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._work())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @asynccontextmanager
    async def after(self, dag_id: str, run_ids: Sequence[str] | None = None) -> AsyncIterator[None]:
        """Around the deletion of runs (None: of all, with their DAG): then goes what those have left that are gone."""
        digests, directories = await self._store.leavings(dag_id, run_ids)
        yield
        _, kept = await self._store.leavings(dag_id, run_ids)
        self._waiting |= digests
        self._directories += set(directories).difference(kept)
        self._woken.set()

    async def _work(self) -> None:
        while True:
            await self._woken.wait()
            self._woken.clear()
            try:
                await self._remove_directories()
                await self._remove_values()
            except (StudioError, OSError) as error:
                log.warning("What deleted runs have left could not be removed yet: %s", error)
            if self._waiting:
                try:
                    await asyncio.wait_for(self._woken.wait(), AGAIN)
                except asyncio.TimeoutError:
                    pass
                self._woken.set()

    async def _remove_values(self) -> None:
        """A value that an attempt which runs now may have saved again, without anybody knowing yet, has to wait."""
        now = self._clock.now()
        oldest = await self._store.oldest_unfinished()  # first: what it settles next is referenced below
        self._waiting -= await self._store.referenced(sorted(self._waiting))
        if not self._waiting:
            return
        margin = FAR if "://" in self._artifacts.values else MARGIN
        before = (now if oldest is None else min(now, oldest)) - margin
        store = await asyncio.to_thread(open_store, self._artifacts.values)
        for digest in sorted(self._waiting):
            if await asyncio.to_thread(store.remove, digest, before):
                self._waiting.discard(digest)

    async def _remove_directories(self) -> None:
        directories, self._directories = self._directories, []
        for directory in directories:
            await asyncio.to_thread(_remove_tree, self._artifacts.artifact_root, directory)


def _remove_tree(root: Path, relative: str) -> None:
    """With the directories above it that are empty then."""
    try:
        path = contained(root, relative)
    except Forbidden:  # a task has put a link there
        return
    shutil.rmtree(path, ignore_errors=True)
    for above in Path(relative).parents:
        try:
            (root / above).rmdir()
        except OSError:
            return
