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
from studio.worker.task import CellChanged, Event, NotebookStarted

MAX_LIVE: Final = (
    200  # attempts whose cells are held in memory; of more, the least recently heard of is forgotten
)


def topic_of(dag_id: str, run_id: str, task_id: str, map_index: int) -> str:
    """The stream's name for the output of a TaskInstance. Ids hold no slash."""
    return f"{dag_id}/{run_id}/{task_id}/{map_index}"


@dataclass(slots=True)
class _Live:
    """A running attempt, as far as its worker has told."""

    cells: dict[int, CellOutput] = field(default_factory=dict)
    complete: bool = False  # all cells are known: the attempt began under this server
    rev: int = 0


class LiveOutputs:
    """Takes the events of running attempts and answers what a task has produced.

    `send` gets what changed, for those who watch the topic. Everything is called on the event loop.
    """

    def __init__(self, artifacts: LocalArtifacts, send: Callable[[OutputChanged], None]) -> None:
        self._artifacts = artifacts
        self._send = send
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
        if isinstance(event, NotebookStarted):
            live = self._entry(attempt_id)
            live.cells = {
                cell.index: _waiting(cell.index, cell.cell_type, cell.source) for cell in event.cells
            }
            live.complete, live.rev = True, self._next_rev()
            self._tell(attempt_id, live, list(live.cells.values()), reset=True)
        elif isinstance(event, CellChanged):
            live = self._entry(attempt_id)
            known = live.cells.get(event.index) or _waiting(event.index, "code", "")
            live.cells[event.index] = cell = CellOutput(
                index=event.index,
                cell_type=known.cell_type,
                source=known.source,
                state=event.state,
                execution_count=event.execution_count,
                outputs=event.outputs,
                duration=event.duration,
            )
            live.rev = self._next_rev()
            self._tell(attempt_id, live, [cell], reset=False)

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
        self._live.pop(attempt_id, None)
        self._topics.pop(attempt_id, None)

    # --- what is asked ----------------------------------------------------------------------------------------------

    async def read(self, task: TaskInstance, attempt: Attempt | None) -> TaskOutput:
        """The cells of an attempt; without one, nothing was started yet."""
        if attempt is None:
            return _task_output(task.state, None, 0, [], None, 0)
        ended = attempt.state in ATTEMPT_TERMINAL
        live = None if ended else self._live.get(attempt.id)
        if live is not None and live.complete:
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
        return await asyncio.to_thread(self._files.cells, path, ended=ended)

    def _entry(self, attempt_id: int) -> _Live:
        live = self._live.setdefault(attempt_id, _Live())
        self._live.move_to_end(attempt_id)
        while len(self._live) > MAX_LIVE:
            self._live.popitem(last=False)
        return live

    def _tell(self, attempt_id: int, live: _Live, cells: list[CellOutput], *, reset: bool) -> None:
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


def _waiting(index: int, cell_type: str, source: str) -> CellOutput:
    return CellOutput(
        index=index,
        cell_type=cell_type,
        source=source,
        state="waiting" if cell_type == "code" else "success",
        execution_count=None,
        outputs=[],
        duration=None,
    )


def _ordered(live: _Live) -> list[CellOutput]:
    return [live.cells[index] for index in sorted(live.cells)]


def _merged(cells: list[CellOutput], live: _Live) -> list[CellOutput]:
    """The file's cells, those replaced that were heard of since (an adopted attempt: its beginning was not heard)."""
    found = {cell.index: cell for cell in cells}
    for index, cell in live.cells.items():
        base = found.get(index)
        found[index] = cell if cell.source or base is None else replace(cell, source=base.source)
    return [found[index] for index in sorted(found)]


def _progress(cells: Iterable[CellOutput]) -> tuple[int, int]:
    """Code cells that are over, and all."""
    code = [cell for cell in cells if cell.cell_type == "code"]
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
