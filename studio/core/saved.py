"""What an attempt says that it left in the store of values, made into rows."""

from __future__ import annotations

import re
from typing import Any, Final

from studio.core.model import SavedValue
from studio.core.names import MAX_NAME

VALUES: Final = "values"  # in the details of an attempt, on their way here
DROPPED: Final = "values_dropped"  # in the details: how many could not be understood
RETURNED: Final = "return_value"

_DIGEST = re.compile(r"[0-9a-f]{64}")


def take_values(attempt: int, details: dict[str, Any]) -> tuple[list[SavedValue], dict[str, Any]]:
    """The values that an attempt describes in its `details`, and the details without them.

    They come from the process of a task: what breaks a rule is left out, and counted, rather than stopping the turn.
    """
    if VALUES not in details:
        return [], details
    told = details[VALUES]
    rest = {name: value for name, value in details.items() if name != VALUES}
    found: dict[str, SavedValue] = {}
    dropped = 0
    for each in told if isinstance(told, list) else [None]:
        value = _value(attempt, each)
        if value is None:
            dropped += 1
        else:
            found[value.name] = value
    return list(found.values()), {**rest, DROPPED: dropped} if dropped else rest


def reference_to(value: SavedValue) -> dict[str, Any]:
    """As a task is given it; see `studio.core.references`."""
    return {"$value": value.digest, "format": value.format, "type": value.type, "size": value.size}


def is_returned(name: str) -> bool:
    """Whether it is what the task returned, or a part of that."""
    return name.partition(".")[0] == RETURNED


def _value(attempt: int, told: Any) -> SavedValue | None:
    if not isinstance(told, dict):
        return None
    name, digest, format = told.get("name"), told.get("digest"), told.get("format")
    kind, size = told.get("type"), told.get("size")
    if not (isinstance(name, str) and 1 <= len(name) <= MAX_NAME and name.isprintable()):
        return None
    if not (isinstance(digest, str) and _DIGEST.fullmatch(digest)):
        return None
    if not (isinstance(format, str) and 1 <= len(format) <= 20 and isinstance(kind, str)):
        return None
    if not isinstance(size, int) or not 0 <= size < 1 << 62:
        return None
    described = {key: told[key] for key in ("schema", "preview") if told.get(key) is not None}
    return SavedValue(attempt, name, digest, format, kind, size, described)
