"""Names of exception classes, as retry rules name them."""

from __future__ import annotations

import builtins
from typing import Final

_MOST: Final = 32  # classes of one exception


def class_names(kind: type[BaseException]) -> tuple[str, ...]:
    """The class and its bases as "module.Class", most derived first."""
    named = [f"{base.__module__}.{base.__qualname__}" for base in kind.__mro__ if base is not object]
    return tuple(named[:_MOST])


def names_of(bare: str) -> tuple[str, ...]:
    """As far as a kernel tells, which is the class's bare name: that, and its bases if it is a builtin."""
    known = getattr(builtins, bare, None)
    if isinstance(known, type) and issubclass(known, BaseException):
        return (bare, *class_names(known))
    return (bare,) if bare else ()


TIMED_OUT: Final = class_names(TimeoutError)
