"""What a cell of a notebook is to a DAG: %dag, helpers (%%setup), params (%%params), a task (%%task), or nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from studio.core.cells.ipython import plain_python
from studio.core.cells.options import DAG_OPTIONS, NO_OPTIONS, TASK_OPTIONS, Option, read_line
from studio.core.cells.problems import Problem
from studio.core.names import check_name
from studio.errors import StudioError

CellKind = Literal["dag", "setup", "params", "task", "code"]

_MARK: Final = re.compile(r"%%(?P<kind>setup|params|task)(?P<line>[ \t].*)?", re.DOTALL)
_DAG: Final = re.compile(r"%dag(?P<line>([ \t].*)?)")
_ASKING: Final = ("", "--help", "-h")  # `%dag` alone shows the DAG, and says nothing about it
_WHEN: Final = frozenset({"schedule", "start", "end", "timezone", "sample"})
_TABLES: Final[Mapping[str, tuple[Option, ...]]] = {
    "setup": NO_OPTIONS,
    "params": NO_OPTIONS,
    "task": TASK_OPTIONS,
}


@dataclass(frozen=True, slots=True)
class MarkedCell:
    """A cell, read. Line k of `body` and `python` is line k + body_line - 1 of `source`."""

    kind: CellKind
    index: int  # its position among the cells
    source: str
    body: str = ""  # as it runs: below the line with the mark
    body_line: int = 1
    name: str = ""  # of the DAG or the task
    options: Mapping[str, Any] = field(default_factory=dict)  # by name, with `_` for `-`
    python: str = ""  # `body` without IPython's own syntax, for looking at its names
    problems: tuple[Problem, ...] = ()


def read_cell(source: str, index: int = 0) -> MarkedCell:
    """Read a code cell. What is wrong with it is in `problems`."""
    lines = source.split("\n")
    top = next((at for at, line in enumerate(lines) if line.strip()), 0)
    mark = _MARK.fullmatch(lines[top])
    if mark is not None:
        return _marked(source, index, lines, top, mark)
    for at, line in enumerate(lines):
        found = _DAG.fullmatch(line)
        if found is not None and found["line"].strip() not in _ASKING:
            return _dag(source, index, at, found["line"])
    return MarkedCell("code", index, source)


def _marked(source: str, index: int, lines: list[str], top: int, mark: re.Match[str]) -> MarkedCell:
    kind = mark["kind"]
    words, options, wrong = read_line(mark["line"] or "", _TABLES[kind], f"%%{kind}")
    problems = [Problem("bad_option", error.message, error.hint or "", index, top + 1) for error in wrong]
    name = ""
    if kind == "task":
        name, found = _name(words, "task", "%%task NAME", index, top + 1)
        problems += found
    elif words:
        problems.append(
            Problem(
                "extra_words", f"%%{kind} takes no name: {' '.join(words)!r}.", "", index, top + 1, "warning"
            )
        )
    body = "\n".join(lines[top + 1 :])
    plain = plain_python(body, index, top + 2)
    return MarkedCell(
        kind=kind,  # type: ignore[arg-type]  # of the pattern
        index=index,
        source=source,
        body=body,
        body_line=top + 2,
        name=name,
        options=options,
        python=plain.source,
        problems=(*problems, *plain.problems),
    )


def _dag(source: str, index: int, at: int, line: str) -> MarkedCell:
    words, options, wrong = read_line(line, DAG_OPTIONS, "%dag")
    problems = [Problem("bad_option", error.message, error.hint or "", index, at + 1) for error in wrong]
    name, found = _name(words, "DAG", "%dag NAME", index, at + 1)
    if _WHEN & options.keys():
        # It brings the schedules, which take longer to import than all the rest.
        from studio.core.cells.when import check_when  # noqa: PLC0415

        try:
            check_when(options)
        except StudioError as error:
            problems.append(Problem(error.code, error.message, error.hint or "", index, at + 1))
            options = {key: value for key, value in options.items() if key not in _WHEN}
    return MarkedCell(
        "dag", index, source, body_line=at + 1, name=name, options=options, problems=(*problems, *found)
    )


def _name(words: tuple[str, ...], what: str, usage: str, index: int, line: int) -> tuple[str, list[Problem]]:
    if len(words) != 1:
        said = f"not {len(words)} words" if words else "and there is none"
        message = f"A {what} in cells needs one name, {said}."
        return (words[0] if words else ""), [Problem("no_name", message, f"Write {usage}.", index, line)]
    try:
        return check_name(words[0], what), []
    except StudioError as error:
        return words[0], [Problem("bad_name", error.message, error.hint or "", index, line)]
