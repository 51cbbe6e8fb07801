"""The parameters of a notebook: which there are, and whether given values fit.

Papermill writes `name = value` into a cell and executes it, so a name is code: only identifiers pass. It ignores
names that the notebook does not know; here they are refused. Used when a DAG is published and again before a
kernel starts.
"""

from __future__ import annotations

import ast
import io
import keyword
import math
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from studio.core.names import nearest, shown
from studio.errors import InvalidParameter

TAG: Final = "parameters"
MAX_DEPTH: Final = 100  # nesting of a value
_HOW_TO_TAG: Final = (
    "Put the defaults into a cell of their own (`day = '2013-01-01'`) and give it the tag `parameters`: "
    "in JupyterLab select the cell, open the property inspector (gear, right sidebar) and add the cell tag."
)


class DetectedParameter(msgspec.Struct, frozen=True, kw_only=True):
    """One name that the cell tagged `parameters` assigns.

    `type` is the annotation as written, else the name of the literal's type, else empty; `help` is the comment at
    the end of the assignment.
    """

    name: str
    default: Any = None  # JSON; None if the default is not a literal
    has_default_literal: bool = False
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
            found[name] = _detected(name, value, annotation, remark)
    return found


def check_names(names: Iterable[object], where: str = "the notebook") -> None:
    """Refuse every name that is not a plain identifier; raises `InvalidParameter`."""
    for name in names:
        if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
            raise InvalidParameter(
                f"{shown(name)} cannot be a parameter of {where}: a parameter's name is an identifier.",
                hint="Use letters, digits and `_`, not starting with a digit, and no Python keyword.",
                field="parameters",
            )


def check_value(value: Any, where: str) -> Any:
    """`value` as plain JSON (tuples become lists); raises `InvalidParameter` naming the place of what is not."""
    return _check_value(value, where, 0)


def check_parameters(
    values: Mapping[str, Any], detected: Mapping[str, DetectedParameter] | None, where: str = "the notebook"
) -> dict[str, Any]:
    """`values` as plain JSON if the notebook `where` takes all of them; raises `InvalidParameter` otherwise.

    `detected` is None for a language whose cells cannot be read: names are then only checked for their form.
    """
    check_names(values, where)
    for name in values:
        if detected is None or name in detected:
            continue
        if not detected:
            raise InvalidParameter(
                f"{where} takes no parameters, but {shown(name)} is given: "
                "there is no cell tagged `parameters` that assigns anything.",
                hint=_HOW_TO_TAG,
                field="parameters",
            )
        raise InvalidParameter(
            f"{where} has no parameter {shown(name)}.", hint=nearest(name, detected), field="parameters"
        )
    return {name: check_value(value, f"parameter {shown(name)}") for name, value in values.items()}


def check_notebook_parameters(
    values: Mapping[str, Any], notebook: Mapping[str, Any], where: str = "the notebook"
) -> dict[str, Any]:
    """`check_parameters` against a parsed .ipynb of any language."""
    check_names(values, where)
    if not values:  # a broken parameters cell is the business of the kernel then
        return {}
    return check_parameters(
        values, detect_parameters(notebook) if language_of(notebook) == "python" else None, where
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _tagged_source(notebook: Mapping[str, Any]) -> str | None:
    """Source of the first cell tagged `parameters`, without magics and shell lines, which are not Python."""
    for cell in notebook.get("cells") or ():
        tags = _mapping(_mapping(cell).get("metadata")).get("tags") or ()
        if TAG not in tags or cell.get("cell_type") != "code":
            continue
        source = cell.get("source") or ""
        text = source if isinstance(source, str) else "".join(source)
        return "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in text.splitlines())
    return None


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
    try:
        literal = ast.literal_eval(value) if value is not None else None
        default = check_value(literal, "default")
        known = value is not None
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError, InvalidParameter):
        literal, default, known = None, None, False
    kind = annotation or (type(literal).__name__ if literal is not None else "")
    return DetectedParameter(name=name, default=default, has_default_literal=known, type=kind, help=remark)


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


def _check_value(value: Any, where: str, depth: int) -> Any:
    if value is None or (isinstance(value, (bool, int)) and type(value) in (bool, int)):
        return value
    if type(value) is float:
        if math.isfinite(value):
            return value
        raise InvalidParameter(
            f"{where} is {value}, which JSON cannot hold.", hint="Use None for a missing number."
        )
    if type(value) is str:
        if not value.isprintable():  # cheap first look; only unprintable text can hold a lone surrogate
            _check_encodable(value, where)
        return value
    if depth >= MAX_DEPTH:
        raise InvalidParameter(f"{where} is nested more than {MAX_DEPTH} levels deep.")
    if type(value) in (list, tuple):
        return [_check_value(item, f"{where}[{index}]", depth + 1) for index, item in enumerate(value)]
    if type(value) is dict:
        for key in value:
            if type(key) is not str:
                raise InvalidParameter(
                    f"{where} has the key {shown(key)}; the keys of a JSON object are text."
                )
            _check_encodable(key, where)
        return {key: _check_value(item, f"{where}[{shown(key)}]", depth + 1) for key, item in value.items()}
    raise InvalidParameter(
        f"{where} is {shown(value)} of type {type(value).__module__}.{type(value).__qualname__}, not a JSON value.",
        hint="Use text, numbers, True, False, None, lists and dicts: `str(day)`, `int(n)`, `frame.to_dict('list')`.",
    )


def _check_encodable(text: str, where: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidParameter(
            f"{where} holds a lone surrogate, which is not valid text: {shown(text)}."
        ) from error
