"""Names that people give: DAG ids, task ids, run ids. Paths and URLs are made of them, so the rules are strict."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from studio.errors import InvalidName

MAX_NAME: Final = 200  # characters
MAX_RUN_ID: Final = 250  # characters

#: How a worker finds a function: "package.module:name".
FUNCTION: Final = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_RUN_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.~:+-]*")
#: Words with a meaning of their own in URLs and on the command line.
_RESERVED = frozenset({"all", "health", "null", "none", "runs", "tasks", "dags"})


def shown(value: object, limit: int = 80) -> str:
    """`value` for an error message: escaped, cut to `limit` characters."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def check_name(value: object, what: str) -> str:
    """Return `value` if it is a legal name of a `what` ("DAG", "task"); raise `InvalidName` otherwise."""
    if not isinstance(value, str):
        raise InvalidName(f"The id of a {what} is text, not {shown(value)}.", field="id")
    if not 1 <= len(value) <= MAX_NAME:
        raise InvalidName(
            f"The {what} id {shown(value)} has {len(value)} characters; 1 to {MAX_NAME} are allowed."
        )
    if not _NAME.fullmatch(value) or value.endswith("."):
        bad = next((c for c in value if not _NAME.fullmatch("x" + c)), value[0])
        raise InvalidName(
            f"The {what} id {shown(value)} is not allowed: {shown(bad)} (U+{ord(bad):04X}) cannot stand there.",
            hint="Use letters, digits, `_`, `-` and `.`, for example `daily_report`.",
            field="id",
        )
    if value.lower() in _RESERVED:
        raise InvalidName(f"{shown(value)} is a reserved word and cannot be a {what} id.", field="id")
    return value


def check_run_id(value: object) -> str:
    """Return `value` if it is a legal run id; raise `InvalidName` otherwise."""
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_RUN_ID or not _RUN_ID.fullmatch(value):
        raise InvalidName(
            f"The run id {shown(value)} is not allowed.",
            hint=f"Use up to {MAX_RUN_ID} letters, digits and `_ . ~ : + -`, for example `manual__2013-01-01`.",
            field="run_id",
        )
    return value


def nearest(name: str, known: Iterable[str]) -> str:
    """A sentence that points to the closest of `known`, or lists some; empty if there are none."""
    names = list(known)
    close = get_close_matches(name, names, n=1)
    if close:
        return f"Did you mean {shown(close[0])}?"
    if not names:
        return ""
    listed = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
    return f"Known: {listed}."
