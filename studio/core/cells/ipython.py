"""IPython's own syntax in a cell: turned into Python that reads and gives the same names, or refused with a reason.

Only for looking at names: what runs is the cell as it was written. Every line stays where it was.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from studio.core.cells.problems import Problem

Problems = Callable[[int, str, str, str], None]

#: Magics that neither need nor give a name.
_HARMLESS: Final = frozenset({
    "alias", "autoreload", "autosave", "cd", "colors", "conda", "config", "doctest_mode", "env", "gui", "history",
    "load_ext", "ls", "lsmagic", "magic", "matplotlib", "page", "pdb", "pdef", "pdoc", "pfile", "pinfo", "pinfo2",
    "pip", "precision", "psearch", "psource", "pwd", "pylab", "quickref", "reload_ext", "set_env", "sx", "system",
    "tb", "unload_ext", "uv", "who", "who_ls", "whos", "xmode",
})  # fmt: skip
#: Magics whose argument is Python that runs here.
_RUNNING: Final = frozenset({"prun", "time", "timeit"})
#: Magics that give names nobody can see.
_HIDING: Final = {
    "load": "puts code into the cell when it runs",
    "macro": "makes a name of earlier input",
    "pylab": "imports all of numpy and matplotlib",
    "recall": "brings back earlier input",
    "rerun": "runs earlier cells again",
    "reset": "deletes names of other cells",
    "reset_selective": "deletes names of other cells",
    "run": "runs a file, whose names cannot be seen",
    "store": "brings names from another session",
    "xdel": "deletes a name of other cells",
}
#: Cell magics whose body is Python that runs here.
_WRAPPING: Final = frozenset({"capture", "prun", "time", "timeit"})

_SPECIAL: Final = re.compile(r"\s*(%|!|\?|[\w.\[\]]+\s*=\s*[%!]|,\s*\w|;\s*\w|/\s*\w)|.*\?\s*$")
_ASSIGNED: Final = re.compile(
    r"(?P<indent>\s*)(?P<targets>[^=!%()]+?)\s*=\s*(?P<sign>[%!])(?P<rest>.*)", re.DOTALL
)
_FLAGS: Final = re.compile(r"^(\s*-\w+(\s*\d+)?(?=\s))+\s*")  # of %timeit -n 3 -o
_IN_SHELL: Final = re.compile(r"(?<!\$)\$(?P<name>[^\W\d]\w*)|(?<!\{)\{(?P<code>[^{}]+)\}")


@dataclass(frozen=True, slots=True)
class Plain:
    """Python, and what could not be said in it."""

    source: str
    problems: tuple[Problem, ...] = ()


def plain_python(source: str, cell: int | None = None, first_line: int = 1) -> Plain:
    """`source` in Python. The line numbers of problems begin with `first_line`."""
    lines = source.split("\n")
    problems: list[Problem] = []

    def problem(index: int, code: str, message: str, hint: str) -> None:
        problems.append(Problem(code, message, hint, cell, index + first_line))

    index = _cell_magics(lines, problem)
    while index < len(lines):
        if _SPECIAL.match(lines[index]) and not _is_continued(lines[:index]) and not _is_python(lines, index):
            last = index
            while lines[last].rstrip().endswith("\\") and last + 1 < len(lines):
                last += 1
            text = "\n".join(lines[index : last + 1])
            lines[index] = _python(text, index, problem)
            for each in range(index + 1, last + 1):
                lines[each] = ""
            index = last
        index += 1
    return Plain("\n".join(lines), tuple(problems))


def _cell_magics(lines: list[str], problem: Problems) -> int:
    """Takes them away from the top; returns the index of the first line after them."""
    for index, line in enumerate(lines):
        if not line.strip():
            continue
        if not line.startswith("%%"):
            return index
        name, _, rest = line[2:].partition(" ")
        if name in _WRAPPING:
            lines[index] = rest if name in ("time", "timeit", "prun") and not rest.startswith("-") else ""
            continue
        problem(
            index,
            "cell_magic",
            f"What %%{name} does cannot be seen, so the cell can be no task.",
            "Put it into a cell of its own, or do the same in Python.",
        )
        for each in range(index, len(lines)):
            lines[each] = ""
    return len(lines)


def _python(text: str, index: int, problem: Problems) -> str:
    """One logical line of IPython."""
    indent = text[: len(text) - len(text.lstrip())]
    body = text.strip().replace("\\\n", " ")
    assigned = _ASSIGNED.fullmatch(text)
    if assigned is not None:
        names = _read_by_shell(assigned["rest"]) if assigned["sign"] == "!" else _argument(assigned["rest"])
        return f"{indent}{assigned['targets'].strip()} = {names}"
    if body.startswith("!"):
        return f"{indent}{_read_by_shell(body)}"
    if body.startswith("?") or body.endswith("?"):
        return f"{indent}pass"
    if not body.startswith("%"):
        problem(
            index,
            "shorthand",
            f"IPython's shorthand {body.split()[0]!r} is not understood.",
            "Write the call in full.",
        )
        return f"{indent}pass"
    name, _, rest = body.lstrip("%").partition(" ")
    if name in _RUNNING:
        rest = _FLAGS.sub("", rest)
        return f"{indent}{rest.strip() or 'pass'}"
    if name in ("sx", "system", "env", "set_env", "cd"):
        return f"{indent}{_read_by_shell(rest)}"
    if name in _HIDING:
        problem(
            index,
            "hiding_magic",
            f"%{name} {_HIDING[name]}.",
            "Do the same in Python: import what you need, or put it into a %%setup cell.",
        )
    elif name not in _HARMLESS:
        problem(
            index,
            "unknown_magic",
            f"What %{name} needs and gives cannot be seen.",
            "Do the same in Python, or put it into a cell that is no task.",
        )
    return f"{indent}pass"


def _read_by_shell(command: str) -> str:
    """The names of `$name` and `{expression}`, as a tuple."""
    parts = [found["name"] or found["code"].strip() for found in _IN_SHELL.finditer(command)]
    return f"({', '.join(f'({part})' for part in parts if _is_expression(part))},)" if parts else "()"


def _argument(text: str) -> str:
    """What `name = %magic argument` needs."""
    name, _, rest = text.strip().partition(" ")
    rest = _FLAGS.sub("", rest)
    return f"({rest})" if name in _RUNNING and _is_expression(rest) else "()"


def _is_expression(text: str) -> bool:
    return _compiles(text.strip(), "eval")


def _is_python(lines: list[str], index: int) -> bool:
    """A line such as `-x % y` that only looks special."""
    line = lines[index].strip()
    if line.startswith("#"):
        return True
    return not line.startswith(("%", "!", "?")) and not line.endswith("?") and _compiles(line, "exec")


def _compiles(text: str, mode: str) -> bool:
    try:
        compile(text, "<line>", mode, dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True


def _is_continued(lines: list[str]) -> bool:
    """The next line stands within brackets or a string that these lines have opened."""
    if not lines:
        return False
    try:
        for _ in tokenize.generate_tokens(io.StringIO("\n".join(lines) + "\n").readline):
            pass
    except tokenize.TokenError:
        return True
    except (IndentationError, SyntaxError):
        return False
    return lines[-1].endswith("\\")
