"""Of which library an object is, told without importing that library."""

from __future__ import annotations


class Unfit(Exception):
    """The format cannot hold this value as it is; another one is tried."""


def type_name(value: object) -> str:
    """ "pandas.DataFrame": the library and the class, without the modules between."""
    kind = type(value)
    root = kind.__module__.partition(".")[0]
    return kind.__qualname__ if root == "builtins" else f"{root}.{kind.__qualname__}"


def is_of(value: object, *names: str) -> bool:
    """Whether the class of `value`, or one that it derives from, has one of these names (as of `type_name`)."""
    return any(
        f"{kind.__module__.partition('.')[0]}.{kind.__qualname__}" in names for kind in type(value).__mro__
    )
