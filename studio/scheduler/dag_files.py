"""The DAG folder: files in it are found, read when their content changes, and their DAGs published.

What is known of a file is its `DagFile` record, so after a restart nothing is read again that did not change. A file
that cannot be used keeps the DAGs it had: the record says what is wrong, the last good version goes on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from types import TracebackType
from typing import Final

from typing_extensions import Self
from watchfiles import awatch

from studio.core.model import DagFile
from studio.core.names import shown
from studio.core.parsed import ParseFault, ParseResult
from studio.core.spec import DagSpec
from studio.errors import ServerUnavailable, StoreUnavailable, StudioError
from studio.ports import Clock, Store
from studio.scheduler.folder_scan import Found, concerns, digest_of, find_dag_files, identity

log = logging.getLogger(__name__)

Parse = Callable[[Path], Awaitable[ParseResult]]
Publish = Callable[[DagSpec, dict[str, bytes], str], Awaitable[None]]

ACTOR: Final = "dag folder"
SETTLED: Final = 1.0  # seconds after its last change in which a file may be half written
LOOK: Final = 2.0  # seconds between looks whether the folder is still there
DEBOUNCE: Final = 200  # milliseconds in which changes are collected
AGAIN: Final = 15.0  # seconds until a file is tried again because database or scheduler were away
_TAKEN: Final = "is defined in another file already"


class DagFolder:
    """Keeps the DAGs of `folder` published. An async context manager; it works in the background.

    `parse` reads a file, one at a time; `publish(spec, sources, actor)` raises the `StudioError` of a refusal.
    Whatever goes wrong here is logged: a server without its DAG folder still runs what is published.
    """

    def __init__(
        self,
        folder: Path,
        store: Store,
        clock: Clock,
        *,
        parse: Parse,
        publish: Publish,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._folder = folder
        self._store = store
        self._clock = clock
        self._parse = parse
        self._publish = publish
        self._tell = changed  # that what is known of a file has changed
        self._seen: dict[str, Found] = {}  # files that need no look until they change
        self._doubted: dict[str, Found] = {}  # files whose error may have been that of half a file
        self._blocked: dict[str, str] = {}  # files that define a DAG of another file → that DAG's id
        self._changed = asyncio.Event()
        self._next_look: float | None = None  # seconds until files are looked at again without a change
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            log.warning("The DAG folder %s cannot be made: %s", self._folder, error)
        self._changed.set()
        self._tasks = [asyncio.create_task(self._watch()), asyncio.create_task(self._work())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- noticing -------------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Say when something may have changed, for ever."""
        told = False
        while True:
            try:
                if self._folder.is_dir():
                    await self._watch_existing()
                    told = False
            except Exception as error:
                if not told and self._folder.is_dir():
                    log.warning("The DAG folder %s cannot be watched; it is polled: %s", self._folder, error)
                    told = True
                self._changed.set()
            await asyncio.sleep(LOOK)

    async def _watch_existing(self) -> None:
        """Until the folder is gone or another one has its place."""
        folder = self._folder.resolve()
        watched = identity(folder)
        is_first = True
        rounds = awatch(
            folder,
            watch_filter=lambda change, path: concerns(folder, path),
            debounce=DEBOUNCE,
            rust_timeout=int(LOOK * 1000),
            yield_on_timeout=True,
        )
        async with aclosing(rounds):
            async for changes in rounds:
                if (
                    changes or is_first
                ):  # the first round may have missed what came before the watcher was ready
                    self._changed.set()
                is_first = False
                if identity(self._folder) != watched:
                    return

    # --- working --------------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        while True:
            try:
                await asyncio.wait_for(self._changed.wait(), self._next_look)
            except asyncio.TimeoutError:
                pass
            self._changed.clear()
            self._next_look = None
            try:
                await self._look()
            except (StoreUnavailable, ServerUnavailable) as error:
                log.warning("The DAG folder waits: %s", error)
                self._look_again(AGAIN)
            except Exception:
                log.exception("Looking through the DAG folder %s failed.", self._folder)
                self._look_again(AGAIN)

    def _look_again(self, seconds: float) -> None:
        self._next_look = seconds if self._next_look is None else min(seconds, self._next_look)

    async def _look(self) -> None:
        """Read what changed, forget what is gone."""
        found = await asyncio.to_thread(find_dag_files, self._folder)
        if found is None:  # the folder is away: a network drive, or it is being made anew
            self._seen.clear()
            return
        if found == self._seen and not self._blocked:
            return
        records = {record.path: record for record in await self._store.dag_files()}
        for path in records.keys() - found.keys():
            await self._store.delete_dag_file(path)
            del records[path]
            self._tell()
        for known in (self._seen, self._doubted, self._blocked):
            for path in known.keys() - found.keys():
                del known[path]
        dag_ids = {dag.dag_id for dag in await self._store.dags()}
        for path, file in found.items():
            if self._seen.get(path) != file or self._is_freed(path, records):
                await self._consider(path, file, records, dag_ids)
        if any(self._is_freed(path, records) for path in self._blocked):
            self._changed.set()

    async def _consider(self, path: str, file: Found, records: dict[str, DagFile], dag_ids: set[str]) -> None:
        """Read the file unless its record says that this content was read and is in use."""
        try:
            digest = await asyncio.to_thread(digest_of, self._folder / path)
        except OSError:  # parsing will say why
            digest = ""
        record = records.get(path)
        is_known = record is not None and record.digest == digest != "" and dag_ids.issuperset(record.dag_ids)
        if is_known and not (record and record.error and _TAKEN in record.error):
            self._seen[path] = file
            return
        try:
            await self._read(path, file, digest, records)
        except (StoreUnavailable, ServerUnavailable):
            raise
        except Exception:
            log.exception("The DAG file %s could not be handled; it is tried again when it changes.", path)
            self._seen[path] = file

    async def _read(self, path: str, file: Found, digest: str, records: dict[str, DagFile]) -> None:
        self._blocked.pop(path, None)
        age = self._clock.now() - file.mtime
        may_be_half = 0 <= age < SETTLED
        if may_be_half and self._doubted.get(path) == file:
            self._look_again(SETTLED - age)
            return
        result = await self._parse(self._folder / path)
        if result.error is not None and may_be_half:
            self._doubted[path] = file
            self._look_again(SETTLED)
            return
        self._doubted.pop(path, None)
        published: list[str] = []
        fault = result.error or self._taken(path, result, records)
        if fault is None:
            fault, published = await self._publish_all(result)
        await self._keep(path, digest, fault, published, records)
        self._seen[path] = file

    async def _publish_all(self, result: ParseResult) -> tuple[ParseFault | None, list[str]]:
        """Why not all DAGs were accepted, if so, and the ids of those that were."""
        published: list[str] = []
        for spec in result.specs:
            needed = {task.config.get("digest") for task in spec.tasks}
            sources = {digest: content for digest, content in result.sources.items() if digest in needed}
            try:
                await self._publish(spec, sources, ACTOR)
            except (StoreUnavailable, ServerUnavailable):
                raise
            except StudioError as error:
                return ParseFault(str(error)), published
            published.append(spec.id)
        return None, published

    async def _keep(
        self,
        path: str,
        digest: str,
        fault: ParseFault | None,
        published: list[str],
        records: dict[str, DagFile],
    ) -> None:
        """Write down what became of the file; with a fault the DAGs it had stay its own."""
        record = DagFile(path, digest, tuple(published), parsed_at=self._clock.now())
        if fault is not None:
            before = records[path].dag_ids if path in records else ()
            record.dag_ids = tuple(dict.fromkeys([*before, *published]))
            record.error, record.error_line = fault.message, fault.line
            log.info("DAG file %s: %s", path, fault.message)
        await self._store.save_dag_file(record)
        records[path] = record
        self._tell()

    # --- one file a DAG -------------------------------------------------------------------------------------------

    def _taken(self, path: str, result: ParseResult, records: dict[str, DagFile]) -> ParseFault | None:
        """The fault of defining a DAG that another file of the folder defined first."""
        for spec in result.specs:
            first = _owner(spec.id, path, records)
            if first is not None:
                self._blocked[path] = spec.id
                return ParseFault(
                    f"The DAG {shown(spec.id)} {_TAKEN}: {first}. Give one of them another id, or remove one file."
                )
        return None

    def _is_freed(self, path: str, records: dict[str, DagFile]) -> bool:
        """Whether the file was refused for a DAG of another file, which has given it up."""
        dag_id = self._blocked.get(path)
        return dag_id is not None and _owner(dag_id, path, records) is None


def _owner(dag_id: str, path: str, records: dict[str, DagFile]) -> str | None:
    """Another file than `path` that defines the DAG."""
    return next((other for other, it in records.items() if other != path and dag_id in it.dag_ids), None)
