"""Live state of running attempts: what a server that comes back must be told, and what a slow one is spared.

Outputs that are too large to be held are left out (`CellChanged.elided`): they are in the attempt's file, and whoever
wants them reads them there.
"""

from __future__ import annotations

from typing import Final

import msgspec

from studio.worker.messages import Observed, raw
from studio.worker.task import CellChanged

MAX_KEPT: Final = 24 << 20  # bytes of all attempts that run
MAX_ATTEMPT: Final = 6 << 20  # bytes of one
_SMALL: Final = 16 << 10  # bytes of an event that is not worth shortening

_cells = msgspec.msgpack.Decoder(CellChanged)


class Observations:
    """Events by (attempt, key): of those with one key only the latest counts, at its first one's place."""

    def __init__(self) -> None:
        self._kept: dict[int, dict[str, Observed]] = {}  # of attempts that run
        self._weights: dict[int, int] = {}  # bytes, of the same
        self._unsent: dict[tuple[int, str], Observed] = {}
        self._unkeyed = 0

    @property
    def weight(self) -> int:
        """Bytes held for later servers."""
        return sum(self._weights.values())

    def add(self, observed: Observed) -> None:
        attempt_id, key = observed.attempt_id, observed.key
        if key:
            self._keep(observed)
            self._unsent[attempt_id, key] = observed
            if self._weights[attempt_id] > MAX_ATTEMPT:
                self._shorten(attempt_id, MAX_ATTEMPT // 2, but=key)
            if self.weight > MAX_KEPT:
                for other in self._kept:
                    if self.weight > MAX_KEPT:
                        self._shorten(other, 0, but=key if other == attempt_id else "")
        else:
            self._unkeyed += 1  # never replaced, and not kept for later servers
            self._unsent[attempt_id, f"\0{self._unkeyed}"] = observed

    def forget(self, attempt_id: int) -> None:
        """The attempt has ended; what was not sent yet still will be."""
        self._shorten(attempt_id, 0)
        self._kept.pop(attempt_id, None)
        self._weights.pop(attempt_id, None)

    def take_unsent(self) -> list[Observed]:
        unsent = list(self._unsent.values())
        self._unsent.clear()
        return unsent

    def take_all(self) -> list[Observed]:
        """For a new connection: all that is kept, in place of what was not sent."""
        self._unsent.clear()
        return [observed for events in self._kept.values() for observed in events.values()]

    def _keep(self, observed: Observed) -> None:
        attempt_id, events = observed.attempt_id, self._kept.setdefault(observed.attempt_id, {})
        before = events.get(observed.key)
        change = _weight(observed) - (0 if before is None else _weight(before))
        events[observed.key] = observed
        self._weights[attempt_id] = self._weights.get(attempt_id, 0) + change

    def _shorten(self, attempt_id: int, most: int, but: str = "") -> None:
        """Leave outputs out, the first cells' first, until the attempt has at most `most` bytes."""
        for key, observed in list(self._kept.get(attempt_id, {}).items()):
            if self._weights[attempt_id] <= most:
                return
            if (
                key != but
                and _weight(observed) > _SMALL
                and (short := _without_outputs(observed)) is not None
            ):
                if self._unsent.get((attempt_id, key)) is observed:
                    self._unsent[attempt_id, key] = short
                self._keep(short)


def _weight(observed: Observed) -> int:
    return len(memoryview(observed.event))


def _without_outputs(observed: Observed) -> Observed | None:
    """The same, if it is a cell."""
    try:
        cell = _cells.decode(observed.event)
    except msgspec.MsgspecError:
        return None
    short = msgspec.structs.replace(cell, outputs=[], elided=True)
    return Observed(observed.attempt_id, observed.key, raw(short))
