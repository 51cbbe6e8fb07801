"""What the instances of a mapped task returned: a list whose items are loaded when they are looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, overload

_SHOWN = 3


class ValueSequence(Sequence[Any]):
    """In the order of the map index. Loading an item twice reads it twice: nothing is held."""

    def __init__(self, items: Sequence[Any], load: Callable[[Any], Any], task_id: str) -> None:
        """`items`: JSON with references; `load` puts the objects in."""
        self._items = items
        self._load = load
        self._task_id = task_id

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> ValueSequence: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return ValueSequence(self._items[index], self._load, self._task_id)
        return self._load(self._items[index])

    def __iter__(self) -> Iterator[Any]:
        return map(self._load, self._items)

    def __repr__(self) -> str:
        return f"<{len(self._items)} values of {self._task_id}, loaded one by one>"
