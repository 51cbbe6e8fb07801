"""What statements do beside binding names: change arguments, draw on hidden state, open things, touch files."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from studio.authoring.converting.chunks import Chunk
from studio.core.cells.names import names_of

#: Calls whose result is open, drawn upon or half read: it stays in its process.
_OPENING: Final = {
    "open": "an open file", "urlopen": "an open connection", "TextIOWrapper": "an open file",
    "ZipFile": "an open file", "ExcelWriter": "an open file", "PdfPages": "an open file",
    "connect": "a connection", "create_engine": "a connection", "Connection": "a connection",
    "cursor": "a cursor", "begin": "a connection", "Popen": "a process",
    "Lock": "a lock", "Thread": "a thread", "ThreadPoolExecutor": "a pool", "ProcessPoolExecutor": "a pool",
    "Pool": "a pool", "HTTPServer": "a server", "ThreadingHTTPServer": "a server", "socket": "a socket",
    "iter": "an iterator", "reader": "an iterator", "DictReader": "an iterator", "iterrows": "an iterator",
    "itertuples": "an iterator", "scandir": "an iterator", "rglob": "an iterator", "finditer": "an iterator",
    "map": "an iterator", "filter": "an iterator", "zip": "an iterator", "enumerate": "an iterator",
    "reversed": "an iterator", "cycle": "an iterator", "count": "", "chain": "an iterator", "islice": "an iterator",
    "writer": "a writer of an open file", "DictWriter": "a writer of an open file",
    "subplots": "a figure that is drawn on", "figure": "a figure that is drawn on", "gca": "a figure that is drawn on",
    "gcf": "a figure that is drawn on", "subplot": "a figure that is drawn on", "axes": "a figure that is drawn on",
    "add_subplot": "a figure that is drawn on", "twinx": "a figure that is drawn on",
    "FacetGrid": "a figure that is drawn on",
}  # fmt: skip
_METHODS_ONLY: Final = frozenset(
    {"map", "filter", "zip", "reader", "count"}
)  # as methods they are something else
_RANDOM_FREE: Final = frozenset(
    {"default_rng", "RandomState", "Generator", "SeedSequence", "PCG64", "Random", "SystemRandom"}
)
#: Of pandas and scikit-learn: without a `random_state` they draw from numpy's generator.
_DRAWING: Final = re.compile(
    r"sample|train_test_split|KMeans|MLP\w+|SGD\w+|\w*(Forest|Trees|Boosting)\w*|cross_val\w+"
)
_PATH: Final = re.compile(r"[\w./~ -]*[\w-]\.(?!com$|org$|net$)[A-Za-z]\w{0,6}")
_WRITING: Final = re.compile(
    r"\b(to_(csv|excel|feather|hdf|html|json|latex|markdown|parquet|pickle|sql|xml)|write\w*|savefig|save\w*|dump|imsave|"
    r"urlretrieve|mkdir|makedirs|copy\w*|move|rename|unlink|remove|rmtree|touch|connect|create_engine|symlink\w*)\("
    r"|open\([^)]*['\"][wax]b?\+?['\"]|^\s*!|=\s*!|\bsubprocess\.|\bZipFile\(", re.MULTILINE
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Effects:
    """Of calling a function of the notebook."""

    arguments: tuple[str, ...] = ()  # of its parameters, those whose objects it changes
    changes: tuple[str, ...] = ()  # global names whose objects it changes
    binds: tuple[str, ...] = ()  # by `global`
    parameters: tuple[str, ...] = ()
    is_generator: bool = False


def effects_of(chunks: Iterable[Chunk]) -> dict[str, Effects]:
    """By the name of each function that `chunks` define."""
    found: dict[str, Effects] = {}
    for chunk in chunks:
        statement = chunk.statement
        if not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        body = names_of(_straight(statement.body))
        given = [
            each.arg
            for each in (*statement.args.posonlyargs, *statement.args.args, *statement.args.kwonlyargs)
        ]
        reads = chunk.names.reads
        changed = {*body.mutates, *_changed_by_calls(statement.body, found)}
        nodes = list(ast.walk(statement))
        found[statement.name] = Effects(
            arguments=tuple(each for each in given if each in changed),
            changes=tuple(each for each in reads if each in changed and each not in given),
            binds=tuple(name for each in nodes if isinstance(each, ast.Global) for name in each.names),
            parameters=tuple(given),
            is_generator=any(isinstance(each, (ast.Yield, ast.YieldFrom)) for each in ast.walk(statement)),
        )
    return found


class _Straight(ast.NodeTransformer):
    """Statements of a function as they could stand outside of one."""

    def visit_Return(self, node: ast.Return) -> ast.stmt:
        return ast.Pass() if node.value is None else ast.Expr(self.visit(node.value))

    def visit_Yield(self, node: ast.Yield) -> ast.expr:
        return ast.Constant(None) if node.value is None else self.visit(node.value)

    def visit_YieldFrom(self, node: ast.YieldFrom) -> ast.expr:
        return self.visit(node.value)  # type: ignore[no-any-return]

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        return node  # its own returns stay

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.stmt:
        return node


def _straight(body: Iterable[ast.stmt]) -> str:
    copied = ast.parse("\n".join(map(ast.unparse, body)))
    return ast.unparse(ast.fix_missing_locations(_Straight().visit(copied)))


def changed_by(chunk: Chunk, effects: Mapping[str, Effects]) -> set[str]:
    """Global names that a statement changes by calling functions of the notebook."""
    if chunk.kind in ("function", "class"):
        return set()
    return set(_changed_by_calls(chunk.tree, effects))


def _changed_by_calls(body: Iterable[ast.AST], effects: Mapping[str, Effects]) -> Iterator[str]:
    for each in _walk(body):
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id in effects:
            known = effects[each.func.id]
            named = [*zip(known.parameters, each.args, strict=False)]
            named += [(one.arg, one.value) for one in each.keywords if one.arg]
            for parameter, value in named:
                if parameter in known.arguments and isinstance(value, ast.Name):
                    yield value.id
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load) and each.id in effects:
            yield from effects[each.id].changes


def kept_open(chunk: Chunk, effects: Mapping[str, Effects]) -> dict[str, str]:
    """Name → what it is, of those that the statement binds to something that cannot be passed on."""
    found: dict[str, str] = {}
    for each in _walk(chunk.tree):
        match each:
            case ast.Assign(targets=targets, value=value):
                what = _opened(value, effects)
                for target in targets if what else []:
                    found.update({one.id: what for one in ast.walk(target) if isinstance(one, ast.Name)})
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if what := _opened(
                value, effects
            ):
                found[name] = what
            case ast.withitem(context_expr=value, optional_vars=ast.Name(id=name)) if what := _opened(
                value, effects
            ):
                found[name] = what
            case _:
                pass
    return found


def _opened(value: ast.expr, effects: Mapping[str, Effects]) -> str:
    if isinstance(value, ast.GeneratorExp):
        return "a generator"
    if not isinstance(value, ast.Call):
        return ""
    function = value.func
    if isinstance(function, ast.Name):
        if function.id in effects:
            return "a generator" if effects[function.id].is_generator else ""
        return _OPENING.get(function.id, "")
    if isinstance(function, ast.Attribute):
        attr, root = function.attr, function.value
        if attr in (
            "plot",
            "bar",
            "hist",
            "line",
            "barplot",
            "lineplot",
            "scatterplot",
            "histplot",
            "boxplot",
            "heatmap",
        ):
            return "a figure that is drawn on"
        if attr == "bar" or (isinstance(root, ast.Attribute) and root.attr == "plot"):
            return "a figure that is drawn on"
        is_csv = isinstance(root, ast.Name) and root.id == "csv"
        return "" if attr in _METHODS_ONLY and not is_csv else _OPENING.get(attr, "")
    return ""


def aliases_of(chunk: Chunk) -> list[tuple[str, str]]:
    """Pairs of names that may stand for one object, or one for a part of the other, afterwards."""
    found = []
    for each in chunk.tree:
        if isinstance(each, ast.Assign):
            for target in each.targets:
                if isinstance(target, ast.Name):
                    found += [(target.id, part) for part in _parts(each.value) if part != target.id]
    return found


def _parts(value: ast.expr) -> Iterator[str]:
    match value:
        case ast.Name(id=name):
            yield name
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Dict(values=parts):
            for part in parts:
                yield from _parts(part)
        case _:
            return


def draws_from(chunk: Chunk, modules: Mapping[str, str]) -> set[str]:
    """Whose hidden generator the code draws from: "random", "numpy". `modules`: name → module that it stands for."""
    found = set()
    for each in ast.walk(ast.Module(list(chunk.tree), [])):
        if not isinstance(each, ast.Call):
            continue
        dotted = _dotted(each.func, modules)
        module, _, last = dotted.rpartition(".")
        if module == "random" and last not in _RANDOM_FREE:
            found.add("random")
            continue
        is_numpy = module == "numpy.random" and last not in _RANDOM_FREE
        is_given = any(one.arg in ("random_state", "rng", "seed") for one in each.keywords)
        if is_numpy or (_DRAWING.fullmatch(last) and not is_given):
            found.add("numpy")
    return found


def seeds(chunk: Chunk, modules: Mapping[str, str]) -> str:
    """ "random" or "numpy", if the statement only seeds that generator; else ""."""
    if (
        len(chunk.tree) == 1
        and isinstance(chunk.statement, ast.Expr)
        and isinstance(chunk.statement.value, ast.Call)
    ):
        dotted = _dotted(chunk.statement.value.func, modules)
        return {"random.seed": "random", "numpy.random.seed": "numpy"}.get(dotted, "")
    return ""


def modules_of(chunks: Iterable[Chunk]) -> dict[str, str]:
    """Name → the module, or the thing of a module, that the imports bind to it."""
    found: dict[str, str] = {}
    for chunk in chunks:
        for each in ast.walk(ast.Module(list(chunk.tree), [])) if chunk.kind == "import" else ():
            if isinstance(each, ast.Import):
                for alias in each.names:
                    found[alias.asname or alias.name.partition(".")[0]] = (
                        alias.name if alias.asname else alias.name.partition(".")[0]
                    )
            elif isinstance(each, ast.ImportFrom):
                found.update(
                    {one.asname or one.name: f"{each.module or ''}.{one.name}" for one in each.names}
                )
    return found


def paths_of(text: str, chunk: Chunk, known: Mapping[str, str]) -> set[str]:
    """File names that the statement speaks of. `known`: names that stand for one."""
    found = {known[name] for name in chunk.names.reads if name in known}
    for each in ast.walk(ast.Module(list(chunk.tree), [])):
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and _PATH.fullmatch(each.value):
            found.add(each.value)
    for line in text.splitlines():
        if line.lstrip().startswith("!"):
            found |= {word for word in re.split(r"[\s'\"|;<>]+", line) if _PATH.fullmatch(word)}
    return {path.removeprefix("./") for path in found}


def path_constants(chunks: Iterable[Chunk]) -> dict[str, str]:
    """Name → file name, of assignments such as `OUT = Path("out.csv")`."""
    found: dict[str, str] = {}
    for chunk in chunks:
        for each in chunk.tree:
            match each:
                case ast.Assign(
                    targets=[ast.Name(id=name)],
                    value=(ast.Constant() | ast.BinOp() | ast.JoinedStr() | ast.Call()) as value,
                ):
                    if path := _path(value, found):
                        found[name] = path
                case _:
                    pass
    return found


def _path(value: ast.expr, known: Mapping[str, str]) -> str:
    """The file that an expression stands for; "": none."""
    if isinstance(value, ast.Call):
        called = value.func.attr if isinstance(value.func, ast.Attribute) else getattr(value.func, "id", "")
        if called not in ("Path", "PurePath", "join", "joinpath", "with_name", "with_suffix"):
            return ""
        texts = [
            one.value for one in value.args if isinstance(one, ast.Constant) and isinstance(one.value, str)
        ]
        if texts and called in ("Path", "PurePath"):
            return texts[-1]
    nodes = list(ast.walk(value))
    texts = [one.value for one in nodes if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    fitting = [text for text in texts if _PATH.fullmatch(text)]
    if fitting:
        return fitting[-1]
    return next((known[one.id] for one in nodes if isinstance(one, ast.Name) and one.id in known), "")


def writes_files(text: str) -> bool:
    """Whether the code seems to change something on the disk."""
    return bool(_WRITING.search(text))


def _dotted(function: ast.expr, modules: Mapping[str, str]) -> str:
    parts: list[str] = []
    while isinstance(function, ast.Attribute):
        parts.append(function.attr)
        function = function.value
    if not isinstance(function, ast.Name):
        return ".".join(["?", *reversed(parts)])
    return ".".join([modules.get(function.id, f"?.{function.id}"), *reversed(parts)])


def _walk(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    for each in body:
        yield from ast.walk(each)
