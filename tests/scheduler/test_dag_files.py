"""The DAG folder with a real watcher, real files and, in some tests, real parsing."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from studio.core.model import Dag, DagFile
from studio.core.parsed import ParseFault, ParseResult
from studio.core.spec import DagSpec, TaskSpec, version_of
from studio.core.turn import Writes
from studio.errors import InvalidDag, StoreUnavailable
from studio.ports import Lease
from studio.scheduler import dag_files
from studio.scheduler.clock import SystemClock
from studio.scheduler.dag_files import DagFolder
from studio.scheduler.parsing import parse_file_async
from studio.testing import MemoryStore


@dataclass
class Studio:
    """A folder, a store, and who reads and publishes."""

    folder: Path
    store: MemoryStore = field(default_factory=MemoryStore)
    parsed: list[str] = field(default_factory=list)
    published: list[str] = field(default_factory=list)
    refusals: list[Exception] = field(default_factory=list)  # of the next publications
    lease: Lease | None = None
    busy: int = 0

    @asynccontextmanager
    async def open(
        self, parse: Callable[[Path], Awaitable[ParseResult]] | None = None
    ) -> AsyncIterator[DagFolder]:
        """Opened DAG folder; by default a file's content is read as lines of DAG ids."""
        self.lease = self.lease or await self.store.register_scheduler("test")
        publish = self._publish
        async with DagFolder(
            self.folder, self.store, SystemClock(), parse=parse or self._parse, publish=publish
        ) as opened:
            yield opened

    async def _parse(self, path: Path) -> ParseResult:
        self.busy += 1
        assert self.busy == 1  # one at a time
        await asyncio.sleep(0.01)
        self.busy -= 1
        self.parsed.append(path.relative_to(self.folder).as_posix())
        words = path.read_text().split()
        if "broken" in words:
            return ParseResult(error=ParseFault("SyntaxError: broken", 7, str(path)))
        return ParseResult(tuple(_spec(word) for word in words))

    async def _publish(self, spec: DagSpec, sources: dict[str, bytes], actor: str) -> None:
        assert actor == "dag folder"
        if self.refusals:
            raise self.refusals.pop(0)
        assert self.lease is not None
        if await self.store.dag(spec.id) is None:
            dag = Dag(spec.id, version_of(spec), spec, rev=1)
            await self.store.commit(self.lease, Writes(dags=[dag]))
        self.published.append(spec.id)

    async def file(self, path: str, until: Callable[[DagFile | None], bool]) -> DagFile | None:
        """The record of a file as soon as it is as wanted."""
        while True:
            records = {record.path: record for record in await self.store.dag_files()}
            if until(records.get(path)):
                return records.get(path)
            await asyncio.sleep(0.01)

    async def until(self, is_so: Callable[[], bool]) -> None:
        while True:
            if is_so():
                return
            await asyncio.sleep(0.01)

    async def good(self, path: str, *dag_ids: str) -> None:
        await self.file(path, lambda it: it is not None and it.dag_ids == dag_ids and it.error is None)

    async def bad(self, path: str, *dag_ids: str) -> DagFile:
        found = await self.file(path, lambda it: it is not None and it.error is not None)
        assert found is not None
        assert found.dag_ids == dag_ids
        return found


def _spec(dag_id: str) -> DagSpec:
    return DagSpec(id=dag_id, tasks=(TaskSpec(id="t", kind="function", config={"function": "m:f"}),))


def _put(path: Path, text: str, *, age: float = 10.0) -> None:
    """Write a file that was last changed `age` seconds ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(".new")
    new.write_text(text)
    os.utime(new, (time.time() - age, time.time() - age))
    new.replace(path)


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path / "home" / "dags")


async def test_folder_with_real_files_write_break_fix_delete(studio: Studio) -> None:
    file = studio.folder / "daily.py"
    good = 'from studio import DAG, function\nwith DAG("daily"):\n    function("m:f")\n'
    async with studio.open(parse_file_async):
        assert studio.folder.is_dir()  # it was made
        file.write_text(good)
        await studio.good("daily.py", "daily")
        file.write_text(good + "\nif:\n")
        fault = await studio.bad("daily.py", "daily")
        assert (fault.error, fault.error_line) == ("SyntaxError: invalid syntax", 5)
        file.write_text(good.replace('"daily"', '"nightly"'))
        await studio.good("daily.py", "nightly")
        file.unlink()
        await studio.file("daily.py", lambda it: it is None)
    assert studio.published == ["daily", "nightly"]
    assert [dag.dag_id for dag in await studio.store.dags()] == ["daily", "nightly"]


async def test_restart_reads_nothing_that_did_not_change(studio: Studio) -> None:
    _put(studio.folder / "a.py", "a")
    _put(studio.folder / "deep" / "b.ipynb", "b c")
    _put(studio.folder / "none.py", "")
    _put(studio.folder / "wrong.py", "broken")
    async with studio.open():
        await studio.good("deep/b.ipynb", "b", "c")
        await studio.bad("wrong.py")
    assert studio.parsed == ["a.py", "deep/b.ipynb", "none.py", "wrong.py"]
    studio.parsed.clear()
    _put(studio.folder / "a.py", "a", age=5)  # touched, with the same content
    _put(studio.folder / "none.py", "new")
    async with studio.open():
        await studio.good("none.py", "new")
    assert studio.parsed == ["none.py"]


async def test_restart_reads_a_file_whose_dag_is_not_in_the_store(studio: Studio) -> None:
    _put(studio.folder / "a.py", "a")
    async with studio.open():
        await studio.good("a.py", "a")
    assert studio.lease is not None
    await studio.store.commit(studio.lease, Writes(removed_dags=["a"]))
    async with studio.open():
        await studio.until(lambda: studio.published == ["a", "a"])


async def test_files_that_do_not_count(studio: Studio, tmp_path: Path) -> None:
    outside = tmp_path / "outside.py"
    _put(outside, "outside")
    for path in (
        ".hidden.py",
        "_part.py",
        ".ipynb_checkpoints/x.ipynb",
        "__pycache__/x.py",
        "_lib/x.py",
        "data.csv",
    ):
        _put(studio.folder / path, "x")
    (studio.folder / "link.py").symlink_to(outside)
    (studio.folder / "linked").symlink_to(tmp_path, target_is_directory=True)
    (studio.folder / "dangling.py").symlink_to(tmp_path / "nothing.py")
    _put(studio.folder / "real.py", "real")
    (studio.folder / "within.py").symlink_to("_part.py")  # as mounted configuration has it
    async with studio.open():
        await studio.good("within.py", "x")
    assert studio.parsed == ["real.py", "within.py"]


async def test_half_written_file_is_no_error(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[DagFile] = []
    save = studio.store.save_dag_file

    async def noted(file: DagFile) -> None:
        saved.append(file)
        await save(file)

    monkeypatch.setattr(studio.store, "save_dag_file", noted)
    async with studio.open():
        _put(studio.folder / "a.py", "broken", age=0)
        await studio.until(lambda: bool(studio.parsed))
        _put(studio.folder / "a.py", "a", age=0)
        await studio.good("a.py", "a")
    assert [file.error for file in saved] == [None]


async def test_error_of_a_stable_file_is_written_down(studio: Studio) -> None:
    _put(studio.folder / "a.py", "broken", age=0)
    async with studio.open():
        assert (await studio.bad("a.py")).error_line == 7
    assert studio.parsed == ["a.py", "a.py"]


async def test_dag_of_two_files_belongs_to_the_first(studio: Studio) -> None:
    _put(studio.folder / "b.py", "same")
    async with studio.open():
        await studio.good("b.py", "same")
        _put(studio.folder / "a.py", "mine same")
        fault = await studio.bad("a.py")
        assert fault.error is not None
        assert "'same'" in fault.error
        assert "b.py" in fault.error
    assert studio.published == ["same"]
    async with studio.open():  # also after a restart, the first one sets it free
        await asyncio.sleep(0.1)
        assert (await studio.bad("a.py")).error == fault.error
        _put(studio.folder / "b.py", "other")
        await studio.good("b.py", "other")
        await studio.good("a.py", "mine", "same")


async def test_renamed_file_keeps_its_dag(studio: Studio) -> None:
    _put(studio.folder / "z.py", "a")
    async with studio.open():
        await studio.good("z.py", "a")
        (studio.folder / "z.py").rename(studio.folder / "b.py")
        await studio.good("b.py", "a")
        await studio.file("z.py", lambda it: it is None)


async def test_refused_dag_is_an_error_of_its_file(studio: Studio) -> None:
    _put(studio.folder / "a.py", "x y")
    studio.refusals.append(InvalidDag("No.", hint="Never."))
    async with studio.open():
        assert (await studio.bad("a.py")).error == "No. Never."


async def test_file_waits_for_the_database(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dag_files, "AGAIN", 0.05)
    _put(studio.folder / "a.py", "x y")
    studio.refusals += [StoreUnavailable(), StoreUnavailable()]
    async with studio.open():
        await studio.good("a.py", "x", "y")


async def test_unforeseen_error_of_one_file_does_not_hold_up_others(studio: Studio) -> None:
    _put(studio.folder / "a.py", "x")
    _put(studio.folder / "b.py", "y")
    studio.refusals.append(ZeroDivisionError())
    async with studio.open():
        await studio.good("b.py", "y")
        _put(studio.folder / "a.py", "z")
        await studio.good("a.py", "z")


async def test_folder_that_is_deleted_and_made_again(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dag_files, "LOOK", 0.1)
    _put(studio.folder / "a.py", "a")
    async with studio.open():
        await studio.good("a.py", "a")
        shutil.rmtree(studio.folder)
        await asyncio.sleep(0.3)
        _put(studio.folder / "b.py", "b")
        await studio.good("b.py", "b")
        await studio.file("a.py", lambda it: it is None)
        _put(studio.folder / "c.py", "c")  # the new folder is watched, too
        await studio.good("c.py", "c")


async def test_folder_that_cannot_be_made(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dag_files, "LOOK", 0.05)
    studio.folder.parent.mkdir()
    studio.folder.write_text("a file where the folder should be")
    async with studio.open():
        await asyncio.sleep(0.1)
        studio.folder.unlink()
        _put(studio.folder / "a.py", "a")
        await studio.good("a.py", "a")
