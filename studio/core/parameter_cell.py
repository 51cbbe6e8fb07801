"""The cell tagged `parameters` of a notebook: which names it assigns, with defaults, annotations and comments."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from studio.core.parameters import check_value
from studio.errors import InvalidParameter

TAG: Final = "parameters"
_TYPE_COMMENT: Final = re.compile(r"type:\s*(\S+)\s*(.*)")


class DetectedParameter(msgspec.Struct, frozen=True, kw_only=True):
    """One name that the cell tagged `parameters` assigns, or only annotates.

    `type` is the annotation as written (also papermill's `# type: int`), else the name of the literal's type, else
    empty; `help` is the comment at the end of the assignment.
    """

    name: str
    default: Any = None  # JSON; None if the default is not a literal
    has_default_literal: bool = False
    is_annotated: bool = False  # `type` was written by the author
    is_required: bool = False  # `day: str` without a value: the notebook does not define it
    type: str = ""
    help: str = ""


def language_of(notebook: Mapping[str, Any]) -> str:
    """The notebook's language in lower case; a notebook that says nothing is Python, as its default kernel is."""
    metadata = _mapping(notebook.get("metadata"))
    spec = _mapping(metadata.get("kernelspec"))
    named = _mapping(metadata.get("language_info")).get("name") or spec.get("language")
    if not named and spec.get("name"):
        named = "python" if str(spec["name"]).startswith(("python", "ipython")) else spec["name"]
    return str(named or "python").lower()


def detect_parameters(notebook: Mapping[str, Any]) -> dict[str, DetectedParameter]:
    """The parameters of a Python notebook in the order of their cell; empty if no cell is tagged.

    `notebook` is the parsed .ipynb. Raises `InvalidParameter` if the tagged cell is not valid Python.
    """
    source = _tagged_source(notebook)
    if source is None:
        return {}
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise InvalidParameter(f"The cell tagged `parameters` is not valid Python: {error}.") from error
    comments = _comments(source)
    found: dict[str, DetectedParameter] = {}
    for statement in _assignments(tree.body):
        remark = comments.get(statement.end_lineno or statement.lineno, "")
        for name, value, annotation in _targets(statement):
            new = _detected(name, value, annotation, remark)
            old = found.get(name)
            if old is not None and (new.is_required or not new.is_annotated):  # assigned and annotated apart
                new = _joined(old, new)
            found[name] = new
    return found


def tagged_cells(notebook: Mapping[str, Any]) -> list[int]:
    """Positions of the code cells tagged `parameters`; the first one counts."""
    return [
        index
        for index, cell in enumerate(notebook.get("cells") or ())
        if cell.get("cell_type") == "code" and TAG in (_mapping(cell.get("metadata")).get("tags") or ())
    ]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _tagged_source(notebook: Mapping[str, Any]) -> str | None:
    """Source of the first cell tagged `parameters`, without magics and shell lines, which are not Python."""
    tagged = tagged_cells(notebook)
    if not tagged:
        return None
    source = notebook["cells"][tagged[0]].get("source") or ""
    text = source if isinstance(source, str) else "".join(source)
    return "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in text.splitlines())


def _assignments(body: Iterable[ast.stmt]) -> Iterator[ast.Assign | ast.AnnAssign]:
    """Assignments in the cell's own namespace: also those below `if`, `try` and `with`."""
    for statement in body:
        if isinstance(statement, (ast.Assign, ast.AnnAssign)):
            yield statement
        elif not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            for block in ("body", "orelse", "finalbody"):
                yield from _assignments(getattr(statement, block, ()))
            for handler in getattr(statement, "handlers", ()):
                yield from _assignments(handler.body)


def _targets(statement: ast.Assign | ast.AnnAssign) -> Iterator[tuple[str, ast.expr | None, str]]:
    """(name, value or None, annotation) of each name that the statement assigns."""
    if isinstance(statement, ast.AnnAssign):
        if isinstance(statement.target, ast.Name):
            yield statement.target.id, statement.value, ast.unparse(statement.annotation)
        return
    for target in statement.targets:
        if isinstance(target, ast.Name):
            yield target.id, statement.value, ""
        elif isinstance(target, (ast.Tuple, ast.List)):
            value = statement.value
            paired = isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts)
            for index, element in enumerate(target.elts):
                if isinstance(element, ast.Name):
                    yield element.id, value.elts[index] if paired else None, ""  # type: ignore[attr-defined]


def _detected(name: str, value: ast.expr | None, annotation: str, remark: str) -> DetectedParameter:
    hinted = _TYPE_COMMENT.fullmatch(remark)
    if hinted:
        annotation, remark = annotation or hinted[1], hinted[2]
    try:
        literal = ast.literal_eval(value) if value is not None else None
        default = check_value(literal, "default")
        known = value is not None
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError, InvalidParameter):
        literal, default, known = None, None, False
    return DetectedParameter(
        name=name,
        default=default,
        has_default_literal=known,
        is_annotated=bool(annotation),
        is_required=value is None and bool(annotation),
        type=annotation or (type(literal).__name__ if literal is not None else ""),
        help=remark,
    )


def _joined(old: DetectedParameter, new: DetectedParameter) -> DetectedParameter:
    """Of two statements about a name: the annotation of one, the value of the later one that gives any."""
    value, kind = (
        (old if new.is_required else new),
        (new if new.is_annotated or not old.is_annotated else old),
    )
    return msgspec.structs.replace(
        value, is_annotated=kind.is_annotated, type=kind.type, help=new.help or old.help
    )


def _comments(source: str) -> dict[int, str]:
    """Text of the comment that ends each line, by line number from 1."""
    comments: dict[int, str] = {}
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                comments[token.start[0]] = token.string.lstrip("#").strip()
    except (tokenize.TokenError, SyntaxError):
        pass  # comments are a courtesy; `ast` has judged the source already
    return comments
