"""The process that runs the code of one DAG file and writes a `ParseResult` to a pipe.

Started by `studio.scheduler.parsing`, which limits it and survives whatever the code does. Notebooks are not run: of
one with a %dag cell nothing is, of others only the statements of `studio.authoring.slicing` are, each under the name of
its cell. Cells are counted as code cells, from 1, in the order of the file.
"""

from __future__ import annotations
import __future__

import ast
import importlib.util
import linecache
import os
import re
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Final

import msgspec

import studio.core.validation  # noqa: F401  # before the file's directory can stand in for what it imports
from studio.authoring.cells.dag_file import dag_of_notebook
from studio.authoring.context import collected_dags
from studio.authoring.dag import DAG
from studio.authoring.operators import notebook  # noqa: F401  # likewise
from studio.authoring.slicing import dag_statements
from studio.core.names import shown
from studio.core.notebook_format import parse_notebook
from studio.core.parsed import ParseFault, ParseResult
from studio.core.spec import DagSpec
from studio.errors import InvalidDag, StudioError
from studio.worker.processes import die_with

_MAGIC = re.compile(r"\s*[%!?]|.*\?\s*$|[^#'\"]*=\s*[%!]")
_RUNS_ITS_BODY: Final = ("%%time", "%%capture", "%%prun")  # other cell magics do not run Python here


def main(arguments: list[str]) -> None:
    """`arguments`: the file, the descriptor of the pipe, bytes of memory, the process id of the parent."""
    path, descriptor, memory, parent = Path(arguments[0]), *map(int, arguments[1:])
    os.set_inheritable(descriptor, False)
    me = os.getpid()
    die_with(parent)
    _limit(memory)
    try:
        result = parse(path)
    except BaseException as error:  # SystemExit and what the file's code invents, too
        result = _fault(error, path, memory)
    if os.getpid() != me:  # the file's code forked, and this is the copy
        os._exit(0)
    data = memoryview(msgspec.msgpack.encode(result))
    while data:
        data = data[os.write(descriptor, data) :]
    sys.stdout.flush()
    os._exit(0)  # neither its threads nor its exit handlers are waited for


def parse(path: Path) -> ParseResult:
    """Run what defines the DAGs of `path`, in this process; raises whatever the file's code raises."""
    os.chdir(path.parent)
    sys.path[0] = str(path.parent)
    sys.argv = [str(path)]
    sys.dont_write_bytecode = True  # the DAG folder stays as it is
    content = path.read_bytes()
    if path.suffix == ".ipynb":
        of_cells = dag_of_notebook(parse_notebook(content, str(path)), path)
        if of_cells is not None:
            snapshot = of_cells.snapshot()
            spec = msgspec.structs.replace(snapshot.spec, origin=str(path))
            return ParseResult((spec,), snapshot.sources, warnings=tuple(of_cells.warnings))
    collected: list[DAG] = []
    collected_dags.set(collected)
    run = _run_notebook if path.suffix == ".ipynb" else _run_module
    names = run(path, content)
    specs: dict[str, DagSpec] = {}
    sources: dict[str, bytes] = {}
    for dag in collected:
        if dag.place.module not in names:
            continue  # of a module that the file imports: that is a DAG file of its own, or none
        if dag.dag_id in specs:
            raise _Placed(_twice(dag.dag_id), dag)
        try:
            snapshot = dag.snapshot()
        except StudioError as error:
            raise _Placed(error, dag) from error
        specs[dag.dag_id] = msgspec.structs.replace(snapshot.spec, origin=str(path))
        sources.update(snapshot.sources)
    return ParseResult(tuple(specs.values()), sources)


class _Placed(Exception):
    """An error that was found after the code had run, about a DAG whose line is known."""

    def __init__(self, error: StudioError, dag: DAG) -> None:
        super().__init__(str(error))
        self.error = error
        self.dag = dag


def _twice(dag_id: str) -> InvalidDag:
    return InvalidDag(f"The file defines the DAG {shown(dag_id)} twice.", hint="Give one of them another id.")


# --- running it ----------------------------------------------------------------------------------------------


def _run_module(path: Path, content: bytes) -> set[str]:
    """Execute a `.py` file as the module of its name; returns the filename of its code."""
    code = compile(content, str(path), "exec", dont_inherit=True)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)
    exec(code, module.__dict__)
    return {str(path)}


def _run_notebook(path: Path, content: bytes) -> set[str]:
    """Execute the slice of a notebook; returns the filenames of the cells."""
    document = parse_notebook(content, str(path))
    sources = list(enumerate(_code_cells(document), start=1))
    for number, source in sources:  # for who asks for the source of a function
        lines = source.splitlines(keepends=True)
        linecache.cache[_cell(number)] = (len(source), None, lines, _cell(number))
    cells = [_parsed(source, _cell(number)) for number, source in sources]
    flags = 0
    for _, tree in cells:
        for node in tree.body:
            if isinstance(node, ast.ImportFrom) and node.module == "__future__":
                for alias in node.names:
                    feature = getattr(__future__, alias.name, None)
                    flags |= getattr(feature, "compiler_flag", 0)
    module = ModuleType("__main__")
    sys.modules["__main__"] = module
    for statement in dag_statements(cells, flags):
        code = ast.Module([statement.node], type_ignores=[])
        exec(compile(code, statement.where, "exec", flags, dont_inherit=True), module.__dict__)
    return {where for where, _ in cells}


def _cell(number: int) -> str:
    return f"<cell {number}>"


def _code_cells(document: dict[str, object]) -> list[str]:
    cells = document["cells"]
    assert isinstance(cells, list)
    found: list[str] = []
    for cell in cells:
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            source = cell.get("source", "")
            found.append("".join(map(str, source)) if isinstance(source, list) else str(source))
    return found


def _parsed(source: str, where: str) -> tuple[str, ast.Module]:
    """The tree of a cell without its magics; lines keep their numbers. Raises SyntaxError."""
    lines = source.splitlines()
    first = next((n for n, line in enumerate(lines) if line.strip()), 0)
    if lines and lines[first].startswith("%%"):
        if not lines[first].split()[0].startswith(_RUNS_ITS_BODY):
            return where, ast.Module([], type_ignores=[])
        lines[first] = ""
    while True:
        try:
            return where, ast.parse("\n".join(lines), filename=where)
        except SyntaxError as error:
            at = (error.lineno or 1) - 1
            # An odd quote or bracket in one magic makes the parser stumble elsewhere: then all of them go.
            for index in [at] if at < len(lines) and _MAGIC.match(lines[at]) else range(len(lines)):
                if _MAGIC.match(lines[index]):
                    _blank(lines, index)
                    break
            else:
                raise


def _blank(lines: list[str], index: int) -> None:
    """Replace a magic line, and those it continues on, by something that does nothing."""
    indent = lines[index][: len(lines[index]) - len(lines[index].lstrip())]
    continued = lines[index].rstrip().endswith("\\")
    lines[index] = indent + "pass"
    while continued and index + 1 < len(lines):
        index += 1
        continued = lines[index].rstrip().endswith("\\")
        lines[index] = ""


# --- saying what went wrong ----------------------------------------------------------------------------------


def _fault(error: BaseException, path: Path, memory: int) -> ParseResult:
    filename, line = str(path), None
    if isinstance(error, _Placed):
        filename, line = error.dag.place.module, error.dag.place.line
        message = str(error.error)
        if error.dag.place.filename != filename:
            line = None  # made by a function of another file
    else:
        filename, line = _place(error, lambda name: name == str(path) or name.startswith("<cell "))
        message = _text(error, memory)
        if isinstance(error, SyntaxError) and (line is None or error.filename == filename):
            filename, line = error.filename or filename, error.lineno
            message = f"SyntaxError: {error.msg}"
    if filename.startswith("<cell "):
        where = filename.strip("<>") + (f", line {line}" if line else "")
        return ParseResult(error=ParseFault(f"{where}: {message}", file=str(path)))
    return ParseResult(error=ParseFault(message, line, str(path)))


def _text(error: BaseException, memory: int) -> str:
    if isinstance(error, StudioError):
        return str(error)
    if isinstance(error, MemoryError):
        return f"MemoryError: it needed more than {memory >> 20} MB."
    if isinstance(error, SystemExit):
        return f"SystemExit: its code ended the process ({error.code!r})."
    try:
        text = str(error)
    except Exception:  # of a class of the file
        text = "(its message cannot be made)"
    return f"{type(error).__name__}: {text}"[:4000] if text else type(error).__name__


def _place(error: BaseException, is_of_file: Callable[[str], bool]) -> tuple[str, int | None]:
    """The innermost line of the file that led to the error."""
    found: tuple[str, int | None] = ("", None)
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        filename = trace.tb_frame.f_code.co_filename
        if is_of_file(filename):
            found = (filename, trace.tb_lineno)
        trace = trace.tb_next
    return found


def _limit(memory: int) -> None:
    for what, limit in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_AS, memory)):
        try:
            _, hard = resource.getrlimit(what)
            soft = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
            resource.setrlimit(what, (soft, soft))
        except (OSError, ValueError):  # a system that knows no such limit
            pass


if __name__ == "__main__":
    main(sys.argv[1:])
