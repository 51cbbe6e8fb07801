"""docs/operators.md: what operators take, from the code; examples from `notebooks/operators`, which the tests run."""

from __future__ import annotations

import ast
import importlib
import inspect
import io
import json
import re
import textwrap
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import studio
from studio.authoring.options import CommonOptions, TaskOptions
from studio.authoring.sensor_options import SensorKeywords
from studio.authoring.task_operators import TaskOperator
from studio.operators.arguments import type_text
from studio.operators.base import Field, Sensor, fields_of

EXAMPLES = Path(__file__).resolve().parents[1] / "notebooks" / "operators"

#: Notebooks that have another name than the operator they are of.
MORE_EXAMPLES = {"function": ("python", "python_environment")}

INTRODUCTION = """\
# Operators

Generated from the code by `scripts/generate.py`. The examples are notebooks in
[`notebooks/operators`](../notebooks/operators); the tests run each of them.

An operator is called inside `with DAG(...)` and makes a task. Beside its own arguments it takes [what every task
takes](#what-every-task-takes). Text in arguments may hold templates (`{{ ds }}`, `{{ params.day }}`), and
`other.output` stands for what another task returns. Operators can be mapped: `http.partial(...).expand(url=[...])`.

What an operator shows is a notebook: cells with their outputs while it runs, in JupyterLab, in `get_output` and in
exports. A function shows something with `studio.show(value)`.
"""

OWN = """\
## An operator of your own

A class with typed fields and one method. The worker fills in templates and values of other tasks, converts and checks
the fields, and calls `run`; a `studio.Sensor` has `look` instead, which is asked until it returns something true. The
whole contract is in [`studio/operators/base.py`](../studio/operators/base.py).

```python
{source}
```

`studio.operator(WordCount)` is called in DAGs like those above. A worker imports the class from its module, such as
a file beside that of the DAG; a class of a cell travels as source. A package offers operators by entry points:

```toml
[project.entry-points."studio.operators"]
word_count = "my_package.operators:WordCount"
```

and `studio.operator("word_count")` finds it.

```python
{example}
```
"""


@dataclass(frozen=True, slots=True)
class Row:
    """An argument, as a line of a table."""

    name: str
    type: str
    default: str
    help: str


def operator_guide() -> str:
    """The whole page."""
    operators = dict(_operators())
    contents = "\n".join(
        f"* [`{name}`](#{name}): {_first_sentence(made)}" for name, made in operators.items()
    )
    sections = [_section(name, made) for name, made in operators.items()]
    own = OWN.format(
        source=(EXAMPLES / "word_count.py").read_text("utf-8").strip(), example=example_of("custom")
    )
    every = (
        '## What every task takes\n\nDurations: seconds, a `timedelta`, or text such as `"5 min"`. In `default_args` '
        "of the DAG or a group they count for all its tasks.\n\n"
        + _table(_rows_of_keywords([CommonOptions, TaskOptions]))
    )
    sensors = "## What every sensor takes\n\n" + _table(_rows_of_keywords([SensorKeywords]))
    return "\n".join([INTRODUCTION, contents, "", *sections, sensors, every, own]).rstrip("\n") + "\n"


def example_of(name: str) -> str | None:
    """The cell of the operator's notebook that defines its DAG; None if there is no notebook."""
    path = EXAMPLES / f"{name}.ipynb"
    if not path.is_file():
        return None
    cells = json.loads(path.read_text("utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    return next((source.strip() for source in sources if "with DAG(" in source), None)


def _operators() -> Iterator[tuple[str, Any]]:
    """Public names that make a task when they are called, by the alphabet."""
    for name in sorted(studio.__all__):
        made = getattr(studio, name)
        if isinstance(made, TaskOperator) or (
            inspect.isfunction(made) and inspect.get_annotations(made).get("return") == "Task"
        ):
            yield name, made


def _section(name: str, made: Any) -> str:
    text, described = _help(made)
    if isinstance(made, TaskOperator):
        rows = [_row_of_field(field) for field in fields_of(made.operator)]
        is_sensor = issubclass(made.operator, Sensor)
    else:
        rows = [*_rows_of_function(made, described), *_rows_of_keywords(_own_keywords(made))]
        is_sensor = name == "sensor"
    parts = [f"## {name}", text]
    if is_sensor:
        parts.append("It takes [what every sensor takes](#what-every-sensor-takes), too.")
    if rows:
        parts.append(_table(rows).rstrip("\n"))
    for notebook in (name, *MORE_EXAMPLES.get(name, ())):
        if (example := example_of(notebook)) is not None:
            parts.append(
                f"```python\n{example}\n```\n\n[The notebook](../notebooks/operators/{notebook}.ipynb)"
            )
    return "\n\n".join(parts) + "\n"


def _help(made: Any) -> tuple[str, dict[str, str]]:
    """The docstring without its sections, and what it says of arguments."""
    doc = inspect.cleandoc((made.operator if isinstance(made, TaskOperator) else made).__doc__ or "")
    body, _, sections = doc.partition("\nArgs:\n")
    body = body.partition("\nRaises:\n")[0]
    arguments = sections.partition("\nRaises:\n")[0]
    described: dict[str, str] = {}
    for match in re.finditer(r"^    (\w[\w, ]*): (.*(?:\n {8,}.*)*)", arguments, re.MULTILINE):
        for name in match[1].split(", "):
            described[name] = " ".join(match[2].split())
    return body.strip(), described


def _first_sentence(made: Any) -> str:
    text = " ".join(_help(made)[0].split("\n\n")[0].split())
    return re.split(r"(?<=[.:])\s", text, maxsplit=1)[0].rstrip(":")


def _row_of_field(field: Field) -> Row:
    default = "" if field.required else repr(field.default)
    return Row(field.name, type_text(field.type), default, field.description)


def _rows_of_function(made: Any, described: dict[str, str]) -> Iterator[Row]:
    for name, parameter in inspect.signature(made).parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD or (
            name in SensorKeywords.__annotations__ and made is studio.sensor
        ):
            continue
        default = "" if parameter.default is parameter.empty else repr(parameter.default)
        yield Row(name, str(parameter.annotation), default, described.get(name, ""))


def _own_keywords(made: Any) -> list[Any]:
    """TypedDicts of keywords that not every task takes, from `**options: Unpack[…]`."""
    parameters = inspect.signature(made).parameters.values()
    rest = next((each for each in parameters if each.kind is each.VAR_KEYWORD), None)
    named = re.fullmatch(r"Unpack\[(\w+)\]", "" if rest is None else str(rest.annotation))
    if named is None:
        return []
    found = getattr(importlib.import_module(made.__module__), named[1])
    return [each for each in _with_bases(found) if each not in (CommonOptions, TaskOptions)]


def _with_bases(kind: Any) -> Iterator[Any]:
    for base in getattr(kind, "__orig_bases__", ()):
        if hasattr(base, "__total__"):
            yield from _with_bases(base)
    yield kind


def _rows_of_keywords(kinds: Iterable[Any]) -> Iterator[Row]:
    """Of TypedDicts: what is said of a keyword is the comment beside it."""
    for kind in kinds:
        source = textwrap.dedent(inspect.getsource(kind))
        comments: dict[int, str] = {}
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                comments[token.start[0]] = token.string.lstrip("# ")
        [definition] = ast.parse(source).body
        assert isinstance(definition, ast.ClassDef)
        for node in definition.body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
                told = " ".join(comments[line] for line in lines if line in comments)
                yield Row(node.target.id, ast.unparse(node.annotation), "", told)


def _table(rows: Iterable[Row]) -> str:
    listed = list(rows)
    has_defaults = any(row.default for row in listed)
    head = ["argument", "type", *(["default"] if has_defaults else []), ""]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for row in listed:
        cells = [f"`{row.name}`", f"`{row.type}`"]
        if has_defaults:
            cells.append(f"`{row.default}`" if row.default else "")
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in [*cells, row.help]) + " |")
    return "\n".join(lines) + "\n"
