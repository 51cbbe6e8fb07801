"""One connection to the stream: what it listens to, and what it has not been sent yet."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from msgspec.structs import replace

from studio.api.models import (
    BackfillChanged,
    DagChanged,
    DagRemoved,
    FilesChanged,
    Hello,
    LogAppended,
    OutputChanged,
    Resync,
    RunChanged,
    ServerMessage,
    StreamError,
    Subscribe,
    WhyChanged,
)
from studio.server.parcels import Parcel

FLUSH_INTERVAL: Final = 0.05  # seconds between batches
MAX_PENDING: Final = 1000  # objects that wait for a client; a slower one is told to fetch again
MAX_PARTS: Final = 20_000  # tasks and cells in them
MAX_WEIGHT: Final = 16 * 1024 * 1024  # bytes of their outputs and logs
MAX_LOG: Final = 512 * 1024  # bytes of one log that wait for a client; of more, only the end does

_Key = tuple[str, ...]
_ANSWERS: Final = (Hello, StreamError)


class Listener:
    """Collects messages, the latest for each object, and writes them in batches as fast as the client takes them."""

    def __init__(self, server: str, write: Callable[[bytes], Awaitable[None]]) -> None:
        self._server = server
        self._write = write
        self._pending: dict[_Key, Parcel] = {}
        self._parts = 0
        self._weight = 0
        self._answers = 0
        self._wake = asyncio.Event()
        self.subscription = Subscribe()
        self.outputs: frozenset[str] = frozenset()
        self.logs: frozenset[str] = frozenset()
        self.whys: frozenset[str] = frozenset()
        self.dag_ids: frozenset[str] = frozenset()

    def subscribe(self, subscription: Subscribe) -> None:
        """Replaces what is listened to. What waits and is still listened to is sent: nobody fetches it again."""
        self.subscription = subscription
        self.outputs, self.logs = frozenset(subscription.outputs), frozenset(subscription.logs)
        self.dag_ids, self.whys = frozenset(subscription.dag_ids), frozenset(subscription.whys)
        self._keep(self._is_wanted)
        self.put(Hello(server=self._server))

    def put(self, message: ServerMessage | Parcel) -> None:
        """Never blocks, never fails. Who tells several listeners the same gives each the same parcel."""
        parcel = message if isinstance(message, Parcel) else Parcel(message)
        message = parcel.message
        self._answers += isinstance(message, _ANSWERS)
        key = _key(message) or ("answer", str(self._answers))
        before = self._pending.get(key)
        if before is not None:
            self._weight -= before.weight
            merged = _merged(before.message, message)
            parcel = parcel if merged is message else Parcel(merged)
        self._pending[key] = parcel
        self._weight += parcel.weight
        self._parts += _parts(message)
        if len(self._pending) > MAX_PENDING or self._parts > MAX_PARTS or self._weight > MAX_WEIGHT:
            # Not the answers: the client counts one for each message that it has sent.
            self._keep(lambda message: isinstance(message, _ANSWERS))
            self._pending["resync",] = Parcel(Resync())
        self._wake.set()

    def _keep(self, which: Callable[[ServerMessage], bool]) -> None:
        """Forget all else that waits."""
        self._pending = {key: parcel for key, parcel in self._pending.items() if which(parcel.message)}
        self._parts = sum(_parts(parcel.message) for parcel in self._pending.values())
        self._weight = sum(parcel.weight for parcel in self._pending.values())

    def _is_wanted(self, message: ServerMessage) -> bool:
        match message:
            case RunChanged(run):
                return run.dag_id in self.dag_ids
            case BackfillChanged():
                return message.dag_id in self.dag_ids
            case DagChanged(dag):
                return self.subscription.dags or dag.dag_id in self.dag_ids
            case DagRemoved(dag_id):
                return self.subscription.dags or dag_id in self.dag_ids
            case FilesChanged():
                return self.subscription.dags
            case OutputChanged():
                return message.topic in self.outputs
            case LogAppended():
                return message.topic in self.logs
            case WhyChanged():
                return message.topic in self.whys
            case Hello() | StreamError() | Resync():
                return True

    async def run(self) -> None:
        """Write until cancelled, or until the connection is gone."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            data = b",".join([parcel.data for parcel in self._pending.values()])
            self._pending.clear()
            self._parts = self._weight = 0
            if data:
                await self._write(b"[" + data + b"]")
                del data
            await asyncio.sleep(FLUSH_INTERVAL)


def _key(message: ServerMessage) -> _Key | None:
    """Two messages with the same key are about the same object; None: each counts."""
    match message:
        case RunChanged(run):
            return ("run", run.dag_id, run.run_id)
        case DagChanged(dag):
            return ("dag", dag.dag_id)
        case DagRemoved(dag_id):
            return ("dag", dag_id)
        case OutputChanged():
            return ("output", message.topic)
        case LogAppended():
            return ("log", message.topic)
        case WhyChanged():
            return ("why", message.topic)
        case BackfillChanged():
            return ("backfill", str(message.backfill_id))
        case FilesChanged():
            return ("files",)
        case Hello() | StreamError():
            return None
        case Resync():
            return ("resync",)


def _parts(message: ServerMessage) -> int:
    match message:
        case RunChanged():
            return len(message.tasks)
        case OutputChanged():
            return len(message.cells)
        case _:
            return 0


def _merged(before: ServerMessage | None, message: ServerMessage) -> ServerMessage:
    if isinstance(before, RunChanged) and isinstance(message, RunChanged):
        tasks = {(task.task_id, task.map_index): task for task in [*before.tasks, *message.tasks]}
        return replace(message, tasks=list(tasks.values()))
    if isinstance(before, OutputChanged) and isinstance(message, OutputChanged):
        if message.reset or before.attempt_id != message.attempt_id:
            return message
        cells = {cell.index: cell for cell in [*before.cells, *message.cells]}
        return replace(message, cells=[cells[index] for index in sorted(cells)], reset=before.reset)
    if isinstance(before, LogAppended) and isinstance(message, LogAppended):
        return _joined(before, message)
    return message


def _joined(before: LogAppended, message: LogAppended) -> LogAppended:
    if before.attempt_id != message.attempt_id:
        return message
    if message.start == before.end and message.end - before.start <= MAX_LOG:
        records = [*before.records, *message.records]
        return replace(message, records=records, start=before.start, skipped=before.skipped)
    return replace(message, skipped=message.start - before.start + before.skipped)
