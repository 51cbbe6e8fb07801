"""What `docs/airflow.md` shows as code is code."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

import studio
from studio import DAG, Asset, approval, function
from studio.authoring.options import DEFAULTS
from studio.authoring.parse import parse_file
from studio.core.states import TaskState
from studio.core.templating import render

TEXT: Final = (Path(__file__).resolve().parents[2] / "docs" / "airflow.md").read_text()
#: No Python.
COMMANDS: Final = {"studio tasks why"}


def blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)


def codes() -> Iterator[str]:
    """Code in the column "here"."""
    for line in TEXT.splitlines():
        if line.startswith("|") and not line.startswith("|--"):
            cells = re.split(r"(?<!\\)\|", line.strip().strip("|"))
            if len(cells) > 1:
                yield from (code.replace("\\|", "|") for code in re.findall(r"`([^`]+)`", cells[1]))


COMPLETE: Final = sorted({code for code in codes() if "…" not in code and code not in COMMANDS})
PARTIAL: Final = sorted({code for code in codes() if "…" in code})


@pytest.mark.parametrize("block", blocks())
def test_blocks_define_dags_that_are_valid(block: str, tmp_path: Path) -> None:
    cells = [{"cell_type": "code", "source": "day = ''", "metadata": {"tags": ["parameters"]}, "outputs": []}]
    for name in re.findall(r'notebook\("([^"]+)"', block):
        (tmp_path / name).write_text(
            json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
        )
    file = tmp_path / "documented.py"
    file.write_text(block)
    result = parse_file(file)
    assert result.error is None
    assert result.specs


#: Keywords of DAGs and tasks, states, names of the package.
WORDS: Final = {
    *(DAG.__init__.__kwdefaults__ or {}),
    *DEFAULTS,
    *(state.value for state in TaskState),
    *studio.__all__,
    "True",
    "False",
}


@pytest.mark.parametrize("code", COMPLETE)
def test_code_in_the_column_here_is_accepted(code: str) -> None:
    if code.isidentifier():
        assert code in WORDS
    elif code.startswith("@"):
        compile(f"{code}\ndef f(): ...", code, "exec")
    elif code.startswith("with "):
        with DAG("documented"):
            exec(f"{code} ...", names(code))
    elif code.startswith("{{"):
        assert render(code, {"outputs": {"a": 1}}, code) == 1
    elif re.match(r"[a-z_]+=[^=]", code):
        for keywords in choices(code):
            accept(keywords)
    elif code != "dag.publish()":  # that would need a server
        with DAG("documented"):
            eval(code, names(code))


def names(code: str) -> dict[str, Any]:
    """What the code may use; `a` is a task if its output is asked for, else it is an asset, as `b`."""
    public = {name: getattr(studio, name) for name in studio.__all__ if name[0] != "_"}
    a: Any = Asset("a")
    if ".output" in code:
        with DAG("of_a"):
            a = function("m:a")
    return public | {"studio": studio, "timedelta": timedelta, "a": a, "b": Asset("b")}


def choices(code: str) -> list[dict[str, Any]]:
    """Keywords; `x="a" | "b"` are two choices."""
    name, _, rest = code.partition("=")
    values = rest.split(" | ") if '" | "' in rest else [rest]
    return [eval(f"dict({name}={value})", names(code)) for value in values]


def accept(keywords: dict[str, Any]) -> None:
    """By a DAG, or else by an operator that knows them."""
    [name] = keywords
    if name in (DAG.__init__.__kwdefaults__ or {}):
        DAG("documented", **keywords)
        return
    if name == "args":
        assert isinstance(keywords["args"], dict)
        return
    with DAG("documented"):
        if name == "chooses_branch":
            approval("Which?", **keywords)
        else:
            function("m:f", **keywords)


@pytest.mark.parametrize("code", PARTIAL)
def test_code_with_gaps_compiles(code: str) -> None:
    filled = code.replace("{…}", "{}").replace("…", "...")
    call = f"f({filled})" if re.match(r"[a-z_]+=[^=]", filled) else filled
    compile(call, code, "exec")
