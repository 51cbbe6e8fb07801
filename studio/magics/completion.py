"""Completion of a mark's line: options, and the values that can be known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final
from zoneinfo import available_timezones

from studio.artifacts.kernelspecs import installed_kernels
from studio.core.cells.options import DAG_OPTIONS, TASK_OPTIONS, Option
from studio.core.rules import RULES
from studio.magics.session import CellSession

_TABLES: Final = {"%dag": DAG_OPTIONS, "%%task": TASK_OPTIONS}
_SCHEDULES: Final = ("@hourly", "@daily", "@weekly", "@monthly", "@yearly", "@once", "@continuous")
_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "schedule": _SCHEDULES,
    "catchup": ("skip", "latest", "all"),
    "collision": ("queue", "skip", "replace"),
    "trigger-rule": tuple(RULES),
}


def complete(session: CellSession) -> Callable[[Any, Any], list[str]]:
    """A completer of IPython, for the lines that begin with one of our magics."""

    def completed(shell: Any, event: Any) -> list[str]:
        magic, _, rest = str(event.text_until_cursor).partition(" ")
        table = _TABLES.get(magic, ())
        words = rest.split()
        is_new = rest.endswith(" ") or not words
        before_it = words[-1:] if is_new else words[-2:-1]
        asked = before_it[0].lstrip("-") if before_it and before_it[0].startswith("--") else ""
        option = next((each for each in table if each.name == asked), None)
        if option is not None and not (option.is_bare or (not is_new and words[-1].startswith("--"))):
            start = "" if is_new else words[-1]
            done = len(start) - len(
                str(event.symbol)
            )  # IPython completes what comes after the last `@`, `,` or `=`
            return [value[done:] for value in _starting(start, _values(option, session))]
        return _names(table, set(words[:-1] if not is_new else words))

    return completed


def _values(option: Option, session: CellSession) -> Iterable[str]:
    match option.name:
        case "timezone":
            return sorted(available_timezones())
        case "kernel":
            return installed_kernels()
        case "after":
            return [task.id for task in session.dag().flow.tasks]
        case "group":
            return sorted({str(cell.options["group"]) for cell in session.cells() if "group" in cell.options})
        case "map":
            names = {name for task in session.dag().flow.tasks for name in task.defines}
            return [f"each={name}" for name in sorted(names)]
        case name:
            return _WORDS.get(name, ())


def _starting(text: str, values: Iterable[str]) -> list[str]:
    """Of a list with commas the part after the last one is completed."""
    done, comma, start = text.rpartition(",")
    return [f"{done}{comma}{value}" for value in values if value.startswith(start)]


def _names(table: Sequence[Option], given: set[str]) -> list[str]:
    return [f"--{each.name}" for each in table if each.is_repeated or f"--{each.name}" not in given]
