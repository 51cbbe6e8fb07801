"""What notebook tasks have produced, cell by cell: from memory while they run, from their output notebook after."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from studio.api.models import CellOutput, OutputChanged, TaskOutput
from studio.artifacts.local import LocalArtifacts
from studio.core.model import Attempt, TaskInstance
from studio.core.states import ATTEMPT_TERMINAL, TaskState
from studio.server.notebook_file import OUTPUT, NotebookFiles
from studio.server.parcels import weight_of
from studio.worker.task import CellChanged, Event, LogGrown, NotebookStarted

MAX_LIVE: Final = 200  # attempts whose cells are held; of more, the least recently heard of is forgotten
MAX_WEIGHT: Final = 64 * 1024 * 1024  # bytes of all that is held; likewise
MAX_ATTEMPT: Final = (
    8 * 1024 * 1024
)  # bytes of one attempt; of more, outputs are read from its file when asked for
INTERVAL: Final = 0.05  # seconds between two messages about an attempt

_READERS: Final = 2  # files that are read at once: one may take some hundred MB of memory


def topic_of(dag_id: str, run_id: str, task_id: str, map_index: int) -> str:
    """The stream's name for the output of a TaskInstance. Ids hold no slash."""
    return f"{dag_id}/{run_id}/{task_id}/{map_index}"


@dataclass(slots=True)
class _Live:
    """A running attempt, as far as its worker has told."""

    cells: dict[int, CellOutput] = field(default_factory=dict)
    weights: dict[int, int] = field(default_factory=dict)  # of the cells
    complete: bool = False  # all cells are known: the attempt began under this server
    rev: int = 0
    untold: set[int] = field(default_factory=set)  # cells
    must_reset: bool = False  # the next message has all cells
    timer: asyncio.TimerHandle | None = None  # until the next message
    told_at: float = float("-inf")  # loop time

    @property
    def weight(self) -> int:
        return sum(self.weights.values())


class LiveOutputs:
    """Takes the events of running attempts and answers what a task has produced.

    `send` gets what changed, for those who watch the topic: of what changes often, the latest, every `INTERVAL`.
    `log_grown` gets attempts whose log has more. Everything is called on the event loop.
    """

    def __init__(
        self,
        artifacts: LocalArtifacts,
        send: Callable[[OutputChanged], None],
        log_grown: Callable[[int], None] = lambda attempt_id: None,
    ) -> None:
        self._artifacts = artifacts
        self._send = send
        self._log_grown = log_grown
        self._reading = asyncio.Semaphore(_READERS)
        self._weight = 0  # of all that is live
        self._files = NotebookFiles()
        self._live: OrderedDict[int, _Live] = OrderedDict()
        self._topics: OrderedDict[int, tuple[str, int]] = OrderedDict()  # attempt → topic, try number
        self._rev = 0

    # --- what happens ---------------------------------------------------------------------------------------------

    def bind(self, attempt_id: int, topic: str, try_number: int) -> None:
        """The attempt belongs to this topic; until this is said its events are kept, but not sent."""
        self._topics[attempt_id] = (topic, try_number)
        self._topics.move_to_end(attempt_id)
        while len(self._topics) > 50 * MAX_LIVE:
            self._topics.popitem(last=False)

    def observe(self, attempt_id: int, event: Event) -> None:
        """For the executor: a worker has said this of the attempt."""
        if isinstance(event, LogGrown):
            self._log_grown(attempt_id)
        elif isinstance(event, NotebookStarted):
            live = self._entry(attempt_id)
            cells = [
                _waiting(cell.index, cell.cell_type, cell.source, hidden=cell.hidden) for cell in event.cells
            ]
            live.complete = len(cells) == event.cells_total and sum(map(_weight, cells)) <= MAX_ATTEMPT
            self._weight -= live.weight
            live.cells, live.weights = {}, {}
            self._keep(attempt_id, live, cells if live.complete else [])
            live.must_reset = live.complete
            self._tell_soon(attempt_id, live)
        elif isinstance(event, CellChanged):
            live = self._entry(attempt_id)
            known = live.cells.get(event.index) or _waiting(event.index, "code", "")
            cell = CellOutput(
                index=event.index,
                cell_type=known.cell_type,
                source=known.source if event.source is None else event.source,
                state=event.state,
                execution_count=event.execution_count,
                outputs=event.outputs,
                duration=event.duration,
                cpu=event.cpu,
                peak_memory=event.peak_memory,
                hidden=known.hidden,
                elided=event.elided,
            )
            self._keep(attempt_id, live, [cell])
            self._tell_soon(attempt_id, live)

    async def ended(self, attempt: Attempt, topic: str) -> None:
        """The attempt is over: its file is the truth now, and memory forgets it."""
        cells = await self._read(attempt.directory, ended=True)
        if attempt.id in self._live or cells:
            changed = self._changed(
                topic, attempt.id, attempt.try_number, cells, cells, self._next_rev(), reset=True
            )
            self._send(changed)
        self.forget(attempt.id)

    def forget(self, attempt_id: int) -> None:
        self._drop(attempt_id)
        self._topics.pop(attempt_id, None)

    def close(self) -> None:
        """Nothing is sent from now on."""
        for attempt_id in list(self._live):
            self.forget(attempt_id)

    # --- what is asked ----------------------------------------------------------------------------------------------

    async def read(self, task: TaskInstance, attempt: Attempt | None) -> TaskOutput:
        """The cells of an attempt; without one, nothing was started yet."""
        if attempt is None:
            return _task_output(task.state, None, 0, [], None, 0)
        ended = attempt.state in ATTEMPT_TERMINAL
        live = None if ended else self._live.get(attempt.id)
        if live is not None and live.complete and not any(cell.elided for cell in live.cells.values()):
            cells, rev = _ordered(live), live.rev
        else:
            cells = await self._read(attempt.directory, ended=ended)
            live = None if ended else self._live.get(attempt.id)  # it may have begun meanwhile
            if live is not None:
                cells = _merged(cells, live)
            rev = self._next_rev() if live is None else live.rev
        path = self.output_path(attempt)
        return _task_output(task.state, attempt.id, attempt.try_number, cells, path, rev)

    def output_path(self, attempt: Attempt) -> Path | None:
        """The output notebook of an attempt, once there is one."""
        if not attempt.directory:
            return None
        path = self._artifacts.attempt_file(attempt.directory, OUTPUT)
        return path if path.is_file() and not path.is_symlink() else None

    # --- inside -----------------------------------------------------------------------------------------------------

    async def _read(self, directory: str, *, ended: bool) -> list[CellOutput]:
        if not directory:
            return []
        path = self._artifacts.attempt_file(directory, OUTPUT)
        async with self._reading:
            return await asyncio.to_thread(self._files.cells, path, ended=ended)

    def _entry(self, attempt_id: int) -> _Live:
        live = self._live.setdefault(attempt_id, _Live())
        self._live.move_to_end(attempt_id)
        return live

    def _keep(self, attempt_id: int, live: _Live, cells: list[CellOutput]) -> None:
        """Hold `cells`, and let go of what is too much then: it is in the attempt's file, now or soon."""
        before = live.weight
        for cell in cells:
            live.cells[cell.index], live.weights[cell.index] = cell, _weight(cell)
            live.untold.add(cell.index)
        live.rev = self._next_rev()
        if live.weight > MAX_ATTEMPT:
            kept = {cell.index for cell in cells}
            for index in sorted(live.cells, key=lambda index: (index in kept, index)):
                if live.weight > MAX_ATTEMPT and live.cells[index].outputs:
                    live.cells[index] = replace(live.cells[index], outputs=[], elided=True)
                    live.weights[index] = _weight(live.cells[index])
        self._weight += live.weight - before
        while len(self._live) > 1 and (len(self._live) > MAX_LIVE or self._weight > MAX_WEIGHT):
            self._drop(next(other for other in self._live if other != attempt_id))

    def _drop(self, attempt_id: int) -> None:
        live = self._live.pop(attempt_id, None)
        if live is not None:
            self._weight -= live.weight
            if live.timer is not None:
                live.timer.cancel()

    def _tell_soon(self, attempt_id: int, live: _Live) -> None:
        """Now, or once the last telling is `INTERVAL` ago."""
        if live.timer is None:
            loop = asyncio.get_running_loop()
            wait = live.told_at + INTERVAL - loop.time()
            if wait <= 0:
                self._tell(attempt_id, live)
            else:
                live.timer = loop.call_later(wait, self._tell, attempt_id, live)

    def _tell(self, attempt_id: int, live: _Live) -> None:
        live.timer, live.told_at = None, asyncio.get_running_loop().time()
        indices = live.cells if live.must_reset else live.untold
        cells, reset = [live.cells[index] for index in sorted(indices)], live.must_reset
        live.untold.clear()
        live.must_reset = False
        bound = self._topics.get(attempt_id)
        if bound is not None:
            topic, try_number = bound
            self._send(
                self._changed(
                    topic, attempt_id, try_number, cells, live.cells.values(), live.rev, reset=reset
                )
            )

    def _changed(
        self,
        topic: str,
        attempt_id: int,
        try_number: int,
        cells: list[CellOutput],
        all_cells: Iterable[CellOutput],
        rev: int,
        *,
        reset: bool,
    ) -> OutputChanged:
        done, total = _progress(all_cells)
        return OutputChanged(
            topic=topic,
            attempt_id=attempt_id,
            try_number=try_number,
            cells=cells,
            cells_done=done,
            cells_total=total,
            rev=rev,
            reset=reset,
        )

    def _next_rev(self) -> int:
        # Of the clock, so that a restarted server goes on above what clients have seen of the one before.
        self._rev = max(self._rev + 1, time.time_ns() // 1_000_000)
        return self._rev


def _weight(cell: CellOutput) -> int:
    return len(cell.source) + weight_of(cell.outputs)


def _waiting(index: int, cell_type: str, source: str, *, hidden: bool = False) -> CellOutput:
    return CellOutput(
        index=index,
        cell_type=cell_type,
        source=source,
        state="waiting" if cell_type == "code" else "success",
        execution_count=None,
        outputs=[],
        duration=None,
        hidden=hidden,
    )


def _ordered(live: _Live) -> list[CellOutput]:
    return [live.cells[index] for index in sorted(live.cells)]


def _merged(cells: list[CellOutput], live: _Live) -> list[CellOutput]:
    """The file's cells, those replaced that were heard of since (an adopted attempt: its beginning was not heard).

    Outputs that are not held are those of the file.
    """
    found = {cell.index: cell for cell in cells}
    for index, cell in live.cells.items():
        base = found.get(index)
        if base is not None and not cell.source:
            cell = replace(cell, source=base.source, hidden=base.hidden)
        if base is not None and cell.elided:
            cell = replace(cell, outputs=base.outputs, elided=False)
        found[index] = cell
    return [found[index] for index in sorted(found)]


def _progress(cells: Iterable[CellOutput]) -> tuple[int, int]:
    """Code cells that are over, and all; hidden ones do not count."""
    code = [cell for cell in cells if cell.cell_type == "code" and not cell.hidden]
    return sum(cell.state not in ("waiting", "running") for cell in code), len(code)


def _task_output(
    state: TaskState,
    attempt_id: int | None,
    try_number: int,
    cells: list[CellOutput],
    path: Path | None,
    rev: int,
) -> TaskOutput:
    done, total = _progress(cells)
    return TaskOutput(
        attempt_id=attempt_id,
        try_number=try_number,
        state=state,
        cells=cells,
        cells_done=done,
        cells_total=total,
        path=None if path is None else str(path),
        rev=rev,
    )
