"""Telling an observer how cells stand: at once when a state changes, now and then while outputs grow."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from nbformat import NotebookNode

from studio.worker.cell_resources import UNKNOWN, Usage
from studio.worker.notebook_observer import NotebookObserver

QUIET: Final = 0.15  # seconds between two tellings of growing outputs


@dataclass(frozen=True, slots=True)
class CellStanding:
    """How a cell stands."""

    state: str
    started: float | None = None  # seconds since the epoch
    duration: float | None = None  # seconds
    usage: Usage = UNKNOWN


class CellTelling:
    """Of one execution; `cells()` are those of the notebook, `size_of(index)` the characters of a cell's outputs."""

    def __init__(
        self,
        observer: NotebookObserver,
        cells: Callable[[], list[NotebookNode]],
        size_of: Callable[[int], int],
    ) -> None:
        self._observer = observer
        self._cells = cells
        self._size_of = size_of
        self._standing: dict[int, CellStanding] = {}
        self._untold: set[int] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._after = 0.0  # loop time

    def __contains__(self, index: int) -> bool:
        """Whether the cell has a state yet."""
        return index in self._standing

    def changed(self, index: int, standing: CellStanding) -> None:
        """The cell stands otherwise: told now."""
        self._standing[index] = standing
        self._untold.add(index)
        self._tell()

    def grown(self, indices: Iterable[int]) -> None:
        """The cells have other outputs: told soon."""
        self._untold.update(indices)
        if self._timer is None and self._untold:
            loop = asyncio.get_running_loop()
            wait = self._after - loop.time()
            if wait <= 0:
                self._tell()
            else:
                self._timer = loop.call_later(wait, self._tell)

    def stop(self) -> None:
        """Nothing is told later than this."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tell(self) -> None:
        self.stop()
        loop = asyncio.get_running_loop()
        begin, size = loop.time(), 0
        for index in sorted(self._untold):
            told = self._standing[index]
            self._observer.cell_changed(
                index, self._cells()[index], told.state, told.started, told.duration, told.usage
            )
            size += self._size_of(index)
        self._untold.clear()
        # Large outputs are told less often: a tenth of the time here, 4 MB/s for whoever listens.
        now = loop.time()
        self._after = now + max(QUIET, 10 * (now - begin), size / 4e6)
