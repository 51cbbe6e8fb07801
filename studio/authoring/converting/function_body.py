"""Code of a cell → lines that stand in a function: IPython's own syntax in Python, indented, its last value shown."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from studio.core.cells.ipython import plain_python

_SHELL: Final = re.compile(r"(?P<indent>\s*)((?P<target>[\w.,\[\] ]+?)\s*=\s*)?!!?(?P<command>.*)", re.DOTALL)
_VARIABLE: Final = re.compile(r"(?<!\$)\$(?P<name>[^\W\d]\w*)")
_SILENT: Final = frozenset({"print", "show", "shell_lines", "setattr", "exit"})
_SILENT_METHODS: Final = frozenset(
    {"append", "close", "commit", "extend", "info", "mkdir", "show", "sort", "update", "write"}
)


@dataclass(slots=True)
class Python:
    """Of a cell."""

    lines: list[str]
    remarks: list[str] = field(default_factory=list)
    uses_shell: bool = False
    is_async: bool = False

    @property
    def source(self) -> str:
        return "\n".join(self.lines)


def python_of_cell(body: str) -> Python:
    """`body` without IPython's syntax: shell commands call `shell_lines`, magics are left out or Python."""
    plain = plain_python(body).source.split("\n")
    lines = body.split("\n")
    made = Python([])
    for index, (own, said) in enumerate(zip(lines, plain, strict=True)):
        if own == said:
            made.lines.append(own)
            continue
        shell = _SHELL.fullmatch(_whole(lines, plain, index))
        if shell is not None and not own.lstrip().startswith("%"):
            made.uses_shell = True
            made.lines.append(_command(shell))
        elif said.strip() in ("pass", ""):
            if (
                own.lstrip().startswith(("%matplotlib", "%config", "%load_ext", "%autoreload", "%%", "?"))
                or not own.strip()
            ):
                continue
            if own.rstrip().endswith("?"):
                continue
            if said.strip():
                made.remarks.append(f"`{own.strip()}` is left out: a function knows no magics.")
                if said[:1].isspace():
                    made.lines.append(said)
        else:
            if re.search(r"=\s*\(\)$", said):
                made.remarks.append(f"`{own.strip()}` gives nothing here: write in Python what it does.")
            made.lines.append(said)
    made.lines = "\n".join(made.lines).strip("\n").split("\n")
    return made


def _whole(lines: list[str], plain: list[str], index: int) -> str:
    text = lines[index]
    while text.rstrip().endswith("\\") and index + 1 < len(lines) and not plain[index + 1]:
        index += 1
        text = text.rstrip()[:-1] + lines[index].lstrip()
    return text


def _command(shell: re.Match[str]) -> str:
    command = _VARIABLE.sub(r"{\g<name>}", shell["command"].strip())
    text = f"f{command!r}" if re.search(r"(?<!\{)\{[^{}]+\}", command) else repr(command)
    call = f"shell_lines({text})"
    if shell["target"]:
        return f"{shell['indent']}{shell['target'].strip()} = {call}"
    return f'{shell["indent"]}print(*{call}, sep="\\n")'


def with_shown(source: str, modules: Mapping[str, str]) -> tuple[str, bool]:
    """What a cell shows at its end is shown with `show`, figures as well; and whether it is used."""
    source = re.sub(r"(?<![\w.])display\(", "show(", source)
    lines = source.split("\n")
    tree = ast.parse(source)
    pyplot = next((name for name, module in modules.items() if module == "matplotlib.pyplot"), None)
    last = tree.body[-1] if tree.body else None
    if isinstance(last, ast.Expr) and not _is_silent(last.value, pyplot):
        start, end = last.lineno - 1, (last.end_lineno or last.lineno) - 1
        head, tail = lines[start].encode()[: last.col_offset], lines[end].encode()[last.end_col_offset or 0 :]
        if not tail.lstrip().startswith(b";"):
            lines[end] = f"{lines[end].encode()[: last.end_col_offset].decode()}){tail.decode()}"
            lines[start] = f"{head.decode()}show({lines[start].encode()[last.col_offset :].decode()}"
    lines = [
        line.rstrip(";") if line.endswith(";") and not line.lstrip().startswith("#") else line
        for line in lines
    ]
    if pyplot is not None:
        lines = _with_figures(lines, ast.parse("\n".join(lines)), pyplot)
    made = "\n".join(lines)
    return made, bool(re.search(r"(?<![\w.])show\(", made))


def _with_figures(lines: list[str], tree: ast.Module, pyplot: str) -> list[str]:
    shown = f"{pyplot}.show()"
    made = []
    for line in lines:
        indent = line[: len(line) - len(line.lstrip())]
        if line.strip() == shown:
            made += [f"{indent}show({pyplot}.gcf())", f'{indent}{pyplot}.close("all")']
        else:
            made.append(line)
    ends = [each.end_lineno or 0 for each in tree.body if ast.unparse(each) == shown]
    rest = [each for each in tree.body if each.lineno > max(ends, default=0)]
    if any(_draws(each, pyplot) for statement in rest for each in ast.walk(statement)):
        made += [f"show({pyplot}.gcf())", f'{pyplot}.close("all")']
    return made


def _draws(node: ast.AST, pyplot: str) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in ("plot", "hist", "boxplot")
    return isinstance(node, ast.Name) and node.id == pyplot


def _is_silent(value: ast.expr, pyplot: str | None) -> bool:
    match value:
        case ast.Call(func=ast.Name(id=name)):
            return name in _SILENT
        case ast.Call(func=ast.Attribute(attr=name, value=root)):
            is_pyplot = isinstance(root, ast.Name) and root.id == pyplot
            return is_pyplot or name in _SILENT_METHODS or _is_in_place(value)
        case ast.Constant() | ast.Await() | ast.Yield():
            return True
        case _:
            return False


def _is_in_place(call: ast.expr) -> bool:
    return isinstance(call, ast.Call) and any(each.arg == "inplace" for each in call.keywords)


def with_nonlocal(source: str, bound: Iterable[str]) -> str:
    """`global x` of a function within the cell is `nonlocal x` within a function; `bound`: parameters of that."""
    tree = ast.parse(source)
    lines = source.split("\n")
    found: list[str] = []
    own = {id(each) for each in tree.body}
    for each in ast.walk(tree):
        if isinstance(each, ast.Global):
            at = each.lineno - 1
            if id(each) in own:
                lines[at] = "pass"
            else:
                lines[at] = lines[at].replace("global ", "nonlocal ", 1)
                found += each.names
    assigned = {
        target.id
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    missing = [name for name in dict.fromkeys(found) if name not in assigned and name not in {*bound}]
    return "\n".join([*(f"{name} = None" for name in missing), *lines])


def indented(source: str, by: str = "    ") -> list[str]:
    """Lines further in, but for those within a string."""
    inside: set[int] = set()
    for each in ast.walk(ast.parse(source)):
        is_text = isinstance(each, ast.JoinedStr) or (
            isinstance(each, ast.Constant) and isinstance(each.value, (str, bytes))
        )
        if is_text and isinstance(each, ast.expr) and each.end_lineno is not None:
            inside |= set(range(each.lineno + 1, each.end_lineno + 1))
    return [
        line if number in inside or not line.strip() else by + line
        for number, line in enumerate(source.split("\n"), start=1)
    ]
