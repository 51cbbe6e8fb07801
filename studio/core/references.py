"""References to values that are kept elsewhere, as they stand in JSON; see `studio.values.reference`.

Only tasks make them. What people give (params, answers, values they set) holds none: a dict of theirs that looks like
one is wrapped.
"""

from __future__ import annotations

from typing import Any, Final

VALUE: Final = "$value"
PLAIN: Final = "$plain"  # {"$plain": {…}}: a dict as it is, although it has one of these two keys


def escaped(value: Any) -> Any:
    """JSON of people, such that nothing in it is taken for a reference."""
    if isinstance(value, list):
        return [escaped(item) for item in value]
    if not isinstance(value, dict):
        return value
    items = {key: escaped(item) for key, item in value.items()}
    return {PLAIN: items} if VALUE in items or PLAIN in items else items
