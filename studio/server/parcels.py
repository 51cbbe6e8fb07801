"""Messages of the stream on their way: encoded once, however many listen, and weighed, so that none piles up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from studio.api.models import LogAppended, OutputChanged, ServerMessage

_OBJECT: Final = 100  # bytes that an object takes however little is in it

_encode = msgspec.json.Encoder().encode


class Parcel:
    """A message and its encoding."""

    __slots__ = ("_data", "_weight", "message")

    def __init__(self, message: ServerMessage) -> None:
        self.message = message
        self._data: bytes | None = None
        self._weight: int | None = None

    @property
    def data(self) -> bytes:
        if self._data is None:
            self._data = _encode(self.message)
        return self._data

    @property
    def weight(self) -> int:
        """About the bytes that its outputs and records take in memory."""
        if self._weight is None:
            match self.message:
                case OutputChanged(cells=cells):
                    self._weight = sum(len(cell.source) + weight_of(cell.outputs) for cell in cells)
                case LogAppended(start=start, end=end):
                    self._weight = end - start
                case _:
                    self._weight = 0
        return self._weight


def weight_of(outputs: Sequence[dict[str, Any]]) -> int:
    """About the bytes that nbformat outputs take in memory."""
    found, todo = 0, list[Any](outputs)
    while todo:
        value = todo.pop()
        found += _OBJECT
        if isinstance(value, str):
            found += len(value)
        elif isinstance(value, dict):
            todo.extend(value.values())
        elif isinstance(value, list):
            todo.extend(value)
    return found
