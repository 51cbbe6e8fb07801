"""What a cell says about its own execution, by tags or in its metadata's `studio`.

    tag `skip`                               it is never run
    tag `only-if=NAME`, `only-if=!NAME`      it is run if a variable of the notebook is true, or is not
    {"studio": {"only_if": "day != ''"}}     it is run if an expression of the notebook's language is true
    tag `timeout=SECONDS`, {"studio": {"timeout": 60}}   what it may take, instead of the task's `cell_timeout`

The metadata comes before the tags. An expression is evaluated in the kernel, just before the cell.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from studio.core.names import shown
from studio.errors import InvalidInput

SKIP: Final = "skip"
_ONLY_IF: Final = "only-if="
_TIMEOUT: Final = "timeout="

#: How languages show what counts as false: the text of the answer to an expression.
_FALSE: Final = frozenset(
    {
        "", "0", "0.0", "false", "[1] false", "[1] 0", "null", "nil", "none", "nothing", "na", "[1] na", "undefined",
        "''", '""', "[]", "{}", "()", "list()", "character(0)", "logical(0)",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CellControl:
    """How one cell is to be run."""

    skip: bool = False
    only_if: str | None = None  # an expression of the notebook's language
    negated: bool = False  # it is run if the expression is false
    timeout: float | None = None  # seconds


_PLAIN: Final = CellControl()


def control_of(cell: Mapping[str, Any], index: int) -> CellControl:
    """What `cell`, at `index`, says. Raises `InvalidInput` that names the cell."""
    metadata = cell.get("metadata") or {}
    tags, own = metadata.get("tags"), metadata.get("studio")
    if not tags and not own:
        return _PLAIN
    own = own if isinstance(own, Mapping) else {}
    tags = [tag for tag in tags or () if isinstance(tag, str)]
    where = f"The cell at index {index}"
    only_if, negated = own.get("only_if"), False
    if only_if is None:
        only_if, negated = _named(tags, where)
    elif not isinstance(only_if, str) or not only_if.strip():
        raise InvalidInput(
            f"{where} has {shown(only_if)} as `only_if` in its metadata, which is no expression.",
            hint="""Give text, as {"studio": {"only_if": "day != '2013-01-01'"}}.""",
        )
    timeout = own.get("timeout")
    if timeout is None:
        timeout = next((tag.removeprefix(_TIMEOUT) for tag in tags if tag.startswith(_TIMEOUT)), None)
    return CellControl(
        skip=SKIP in tags,
        only_if=only_if,
        negated=negated,
        timeout=None if timeout is None else _seconds(timeout, where),
    )


def check_controls(cells: Iterable[Mapping[str, Any]]) -> None:
    """Raises `InvalidInput` for the first code cell that says what cannot be understood."""
    for index, cell in enumerate(cells):
        if cell.get("cell_type") == "code":
            control_of(cell, index)


def is_true(text: str) -> bool:
    """Whether the text of an answer stands for true, in the languages that have kernels."""
    return text.strip().lower() not in _FALSE


def _named(tags: list[str], where: str) -> tuple[str | None, bool]:
    tag = next((tag for tag in tags if tag.startswith(_ONLY_IF)), None)
    if tag is None:
        return None, False
    name = tag.removeprefix(_ONLY_IF)
    bare = name.removeprefix("!")
    if not bare.replace(".", "_").isidentifier():  # R has dots in its names
        raise InvalidInput(
            f"{where} has the tag {shown(tag)}: after `only-if=` stands the name of a variable, or `!` and a name.",
            hint="""An expression goes into the cell's metadata: {"studio": {"only_if": "day != ''"}}.""",
        )
    return bare, name != bare


def _seconds(timeout: object, where: str) -> float:
    try:
        seconds = float(timeout)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        seconds = math.nan
    if isinstance(timeout, bool) or not 0 < seconds < math.inf:
        raise InvalidInput(
            f"{where} has the timeout {shown(timeout)}: it is a number of seconds above 0, as in the tag `timeout=60`."
        )
    return seconds
