"""What deleted runs have left is removed, but nothing that somebody has just counted on."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from studio.artifacts.local import LocalArtifacts
from studio.server.cleaning import Cleaning
from studio.testing.clock import FakeClock
from studio.testing.memory import MemoryStore
from studio.values.local_store import LocalStore


class Settling(MemoryStore):
    """An attempt saved `kept` long after it began, and settles as soon as somebody has looked once."""

    def __init__(self, kept: str, deleted: str, began: float) -> None:
        super().__init__()
        self.kept = kept
        self.deleted = deleted
        self.began = began
        self.is_settled = False

    async def leavings(self, dag_id: str, run_ids: Sequence[str] | None) -> tuple[set[str], list[str]]:
        return {self.kept, self.deleted}, []

    async def oldest_unfinished(self) -> float | None:
        was_settled, self.is_settled = self.is_settled, True
        return None if was_settled else self.began

    async def referenced(self, digests: Iterable[str]) -> set[str]:
        was_settled, self.is_settled = self.is_settled, True
        return {self.kept} if was_settled else set()


async def test_a_value_of_an_attempt_that_settles_meanwhile_stays(tmp_path: Path) -> None:
    artifacts = LocalArtifacts(tmp_path / "sources", tmp_path / "artifacts")
    values = LocalStore(artifacts.values)
    kept, deleted = sorted(put(values, content) for content in (b"x", b"y"))  # removed in this order
    clock = FakeClock()
    for digest, age in ((kept, 60), (deleted, 6000)):  # seconds
        os.utime(Path(artifacts.values) / digest[:2] / digest, (0, clock.now() - age))
    async with Cleaning(Settling(kept, deleted, clock.now() - 600), artifacts, clock) as cleaning:
        async with cleaning.after("d"):
            pass
        while values.has(deleted):  # noqa: ASYNC110 - a file tells nobody that it is gone
            await asyncio.sleep(0.01)
    assert values.has(kept)


def put(values: LocalStore, content: bytes) -> str:
    return values.put(lambda path: Path(path).write_bytes(content))[0]
