"""Which statements every task gets (%%setup), which are params, and which a task does itself."""

from __future__ import annotations

import ast
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from studio.authoring.converting.chunks import Chunk, as_value
from studio.authoring.converting.effects import Effects, changed_by, draws_from, modules_of, seeds
from studio.core.cells.names import KNOWN

#: Calls that set up a library: `pd.set_option`, `plt.style.use`, `sns.set_theme`, `warnings.filterwarnings`.
_SETTINGS: Final = frozenset({
    "basicConfig", "captureWarnings", "filterwarnings", "rc", "register_matplotlib_converters", "reset_defaults",
    "set_context", "set_float_format", "set_loglevel", "set_matplotlib_formats", "set_option", "set_palette",
    "set_printoptions", "set_style", "set_theme", "set", "setlocale", "simplefilter", "use",
})  # fmt: skip
_SETTING_ROOTS: Final = re.compile(r"(\w+)\.(rcParams|options|path|environ|rcdefaults)\b")
#: Calls that make a constant out of constants, at no cost.
_MAKING: Final = frozenset({
    "Decimal", "Fraction", "Path", "PurePath", "Timedelta", "Timestamp", "array", "bool", "compile", "date",
    "datetime", "dict", "float", "frozenset", "getLogger", "get", "getenv", "int", "join", "linspace", "namedtuple",
    "set", "str", "timedelta", "tuple",
})  # fmt: skip
_ASKED: Final = re.compile(r"param|config|setting|option|knob|argument|constant", re.IGNORECASE)
_ORDERED: Final = re.compile(r"\b(sys\.path|os\.environ|os\.chdir|matplotlib\.use)\b")


@dataclass(slots=True)
class CommonCode:
    """What was taken out of the cells."""

    setup: list[Chunk] = field(default_factory=list)
    own: list[Chunk] = field(default_factory=list)  # what is left for tasks, in order

    def setup_names(self) -> list[str]:
        """What the %%setup cell binds."""
        return [name for chunk in self.setup for name in chunk.names.writes]

    def setup_source(self) -> str:
        """Of the %%setup cell: imports on top, unless something has to come before them."""
        if any(_ORDERED.search(chunk.text) for chunk in self.setup):
            ordered = [self.setup]
        else:
            first = [chunk for chunk in self.setup if chunk.kind == "import"]
            settings = [chunk for chunk in self.setup if chunk.kind in ("setting", "statement")]
            defined = [chunk for chunk in self.setup if chunk.kind in ("function", "class")]
            ordered = (
                [first, settings, defined]
                if _is_independent(settings, defined)
                else [first, [chunk for chunk in self.setup if chunk.kind != "import"]]
            )
        parts: list[str] = []
        for chunks in ordered:
            seen: set[str] = set()
            block = ""
            for chunk in chunks:
                text = chunk.text
                if chunk.kind == "import" and text.strip() in seen:
                    continue
                seen.add(text.strip())
                gap = "\n\n\n" if chunk.kind in ("function", "class") or block.endswith("\x00") else "\n"
                block = f"{block.rstrip(chr(0))}{gap}{text}" if block else text
                if chunk.kind in ("function", "class"):
                    block += "\x00"  # after a definition comes a gap
            if block:
                parts.append(block.replace("\x00", ""))
        text = ""
        for part in parts:
            gap = "\n\n\n" if part.startswith(("def ", "class ", "@", "async def ")) else "\n\n"
            text += gap + part if text else part
        return text


def _is_independent(settings: Sequence[Chunk], defined: Sequence[Chunk]) -> bool:
    """Whether no constant needs a function, so that functions may come after all constants."""
    made = {name for chunk in defined for name in chunk.names.writes}
    return not any(made & {*chunk.names.reads} for chunk in settings)


def is_parameter_cell(chunks: Sequence[Chunk], tags: Sequence[str], heading: str) -> bool:
    """Whether a cell says what the notebook can be given."""
    if "parameters" in tags:
        return True
    comment = next(
        (line for chunk in chunks[:1] for line in chunk.text.splitlines() if line.startswith("#")), ""
    )
    is_said = bool(_ASKED.search(comment) or _ASKED.search(heading))
    return is_said and bool(chunks) and all(param_of(chunk) is not None for chunk in chunks)


def param_of(chunk: Chunk) -> tuple[str, Any] | None:
    """Name and value of `name = literal`, if JSON can say the value."""
    match chunk.tree:
        case [ast.Assign(targets=[ast.Name(id=name)], value=value)]:
            pass
        case [ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)]:
            pass
        case _:
            return None
    try:
        found = ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return (name, found) if name.isidentifier() and _is_json(found) else None


def common_code(
    chunks: Sequence[Chunk], params: Mapping[str, Any], effects: Mapping[str, Effects]
) -> CommonCode:
    """Divide `chunks`, which are all of the notebook but its params."""
    bound: Counter[str] = Counter()
    changed: set[str] = set()
    for chunk in chunks:
        if chunk.kind != "import":
            bound.update(chunk.names.writes)
        changed |= {*chunk.names.mutates, *chunk.names.deletes, *changed_by(chunk, effects)}
        if len(chunk.names.writes) == 1 and chunk.names.writes[0] in chunk.names.reads:
            changed.add(chunk.names.writes[0])
    changed |= {name for effect in effects.values() for name in (*effect.binds, *effect.changes)}
    modules = modules_of(chunks)
    imported = {name for chunk in chunks if chunk.kind == "import" for name in chunk.names.writes}
    candidates = [
        (index, chunk)
        for index, chunk in enumerate(chunks)
        if _is_candidate(chunk, index, chunks, bound, changed, modules, {*params})
    ]
    known = {name for _, chunk in candidates for name in chunk.names.writes} | imported
    while True:  # a function may need another one that is defined further down
        kept = [(at, chunk) for at, chunk in candidates if all(name in known for name in _needed(chunk))]
        if len(kept) == len(candidates):
            break
        candidates = kept
        known = {name for _, chunk in kept for name in chunk.names.writes} | imported
    taken = {at for at, _ in candidates}
    made = CommonCode()
    for index, chunk in enumerate(chunks):
        if index in taken:
            made.setup.append(chunk)
        elif chunk.kind != "install":
            made.own.append(chunk)
    return made


def with_values(chunks: Sequence[Chunk]) -> list[Chunk]:
    """`from package import table`, of whose table a later statement assigns a part, gives a value like any other."""
    assigned = {
        _root(each)
        for chunk in chunks
        for statement in chunk.tree
        for each in ast.walk(statement)
        if isinstance(each, (ast.Subscript, ast.Attribute)) and isinstance(each.ctx, (ast.Store, ast.Del))
    } - {"rcParams", "environ", "path", "options"}
    found = []
    for chunk in chunks:
        values: tuple[str, ...] = ()
        if chunk.kind == "import" and isinstance(chunk.statement, ast.ImportFrom):
            values = tuple(name for name in chunk.names.writes if name in assigned)
        found.append(as_value(chunk, values) if values else chunk)
    return found


def _needed(chunk: Chunk) -> list[str]:
    return [name for name in chunk.names.reads if name not in KNOWN]


def _is_candidate(
    chunk: Chunk,
    index: int,
    chunks: Sequence[Chunk],
    bound: Mapping[str, int],
    changed: set[str],
    modules: Mapping[str, str],
    params: set[str],
) -> bool:
    names = chunk.names
    if chunk.kind in ("import", "setting"):
        return True
    if chunk.kind == "install":
        return False
    if seeded := seeds(chunk, modules):
        return not any(seeded in draws_from(each, modules) for each in chunks[:index])
    if any(name in params or bound[name] > 1 or name in changed for name in names.writes):
        return False
    if chunk.kind in ("function", "class"):
        return not any(isinstance(each, ast.Global) for each in ast.walk(chunk.statement))
    return all(_is_constant(each) or _is_setting(each, modules) for each in chunk.tree)


def _is_setting(statement: ast.stmt, modules: Mapping[str, str]) -> bool:
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name) as function)):
            root = _root(function)
            if root not in modules:
                return False
            if _SETTING_ROOTS.match(ast.unparse(function)) and name in (
                "append",
                "insert",
                "update",
                "setdefault",
            ):
                return True
            return name in _SETTINGS
        case ast.Expr(value=ast.Call(func=ast.Name(id=name))):
            return name in modules and name in _SETTINGS - {"set", "use"}
        case ast.Assign(targets=[(ast.Attribute() | ast.Subscript()) as target]):
            return _root(target) in modules and bool(_SETTING_ROOTS.match(ast.unparse(target)))
        case _:
            return False


def _is_constant(statement: ast.stmt) -> bool:
    match statement:
        case ast.Assign(targets=targets, value=value):
            return all(_is_name(each) for each in targets) and _is_made_of_constants(value)
        case ast.AnnAssign(target=ast.Name(), value=ast.expr() as value):
            return _is_made_of_constants(value)
        case _:
            return False


def _is_name(target: ast.expr) -> bool:
    return isinstance(target, ast.Name) or (isinstance(target, ast.Tuple) and all(map(_is_name, target.elts)))


def _is_made_of_constants(value: ast.expr) -> bool:
    for each in ast.walk(value):
        match each:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                if name not in _MAKING:
                    return False
            case (
                ast.Call()
                | ast.Await()
                | ast.Yield()
                | ast.YieldFrom()
                | ast.NamedExpr()
                | ast.GeneratorExp()
            ):
                return False
            case _:
                pass
    return True


def _root(expression: ast.expr) -> str:
    while isinstance(expression, (ast.Attribute, ast.Subscript)):
        expression = expression.value
    return expression.id if isinstance(expression, ast.Name) else ""


def _is_json(value: Any) -> bool:
    match value:
        case float():
            return math.isfinite(value)
        case None | bool() | int() | str():
            return True
        case list():
            return all(map(_is_json, value))
        case dict():
            return all(isinstance(key, str) and _is_json(each) for key, each in value.items())
        case _:
            return False
