"""References: what stands in JSON in the place of a value that is a file of the store.

{"$value": "<SHA-256, hexadecimal>", "format": "parquet", "type": "pandas.DataFrame", "size": 3000000}
{"$plain": {…}}                      a dict of a user that has one of these two keys itself
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from studio.core.references import PLAIN, VALUE

_KEYS: Final = frozenset({VALUE, "format", "type", "size"})


@dataclass(frozen=True, slots=True)
class Reference:
    """Which file it is, and how it is read."""

    digest: str
    format: str
    type: str  # of the object, for people and for formats that hold several types
    size: int  # bytes

    def as_json(self) -> dict[str, Any]:
        return {VALUE: self.digest, "format": self.format, "type": self.type, "size": self.size}


def reference_in(value: object) -> Reference | None:
    """The reference that `value` is; None if it is something else."""
    if type(value) is not dict or VALUE not in value:
        return None
    if value.keys() != _KEYS or not isinstance(value[VALUE], str) or not isinstance(value["size"], int):
        return None
    return Reference(value[VALUE], str(value["format"]), str(value["type"]), value["size"])


def is_reference(value: dict[str, Any]) -> bool:
    """Whether something else is to be put in its place."""
    return VALUE in value or value.keys() == {PLAIN}


def references_in(value: object) -> Iterator[Reference]:
    """All that stand in `value`, however deep."""
    stack = [value]
    while stack:
        part = stack.pop()
        if (found := reference_in(part)) is not None:
            yield found
        elif isinstance(part, dict):
            own = part[PLAIN] if part.keys() == {PLAIN} and isinstance(part[PLAIN], dict) else part
            stack.extend(own.values())
        elif isinstance(part, list):
            stack.extend(part)


def is_encoded(value: object) -> bool:
    """Whether anything in `value` is to be put in the place of what stands there."""
    stack = [value]
    while stack:
        part = stack.pop()
        if isinstance(part, dict):
            if VALUE in part or PLAIN in part:
                return True
            stack.extend(part.values())
        elif isinstance(part, list):
            stack.extend(part)
    return False
