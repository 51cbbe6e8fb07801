"""Lists that are too long for one statement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

SLICE = 500  # values in one IN list; Oracle takes 1000


def slices(values: Iterable[T], size: int = SLICE) -> Iterator[list[T]]:
    """`values` in lists of at most `size`."""
    listed = list(values)
    return (listed[start : start + size] for start in range(0, len(listed), size))
