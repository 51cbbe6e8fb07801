"""Functions of cells: what of a session travels with them, and what a worker makes of it."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from studio.authoring.parse_child import parse
from studio.core.spec import DagSpec, version_of
from studio.errors import InvalidInput
from studio.worker.carried_code import function_of
from studio.worker.user_code import process_restored


class Session:
    """A notebook of cells that defines one DAG with the task `f`, as the server reads it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sources: dict[str, bytes] = {}

    def spec(self, *cells: str, dag: str = "with DAG('d'):\n    f()") -> DagSpec:
        made = [new_code_cell(each) for each in ("from studio import DAG, function, task", *cells, dag)]
        path = self.folder / "d.ipynb"
        nbformat.write(new_notebook(cells=made), path)
        result = parse(path)
        self.sources = result.sources
        return result.specs[0]

    def config(self, *cells: str, **more: str) -> dict[str, Any]:
        config = dict(self.spec(*cells, **more).tasks[0].config)
        if "digest" in config:
            content = self.folder / "content"
            content.write_bytes(self.sources[config["digest"]])
            config["content"] = str(content)
        return config

    def call(self, *cells: str, **more: str) -> Any:
        """What the function returns where a worker defines it."""
        config = self.config(*cells, **more)
        with process_restored(config["path"], {}):
            return function_of(config, config["path"])(**config["args"])


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    import sys

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*sys.path])
    monkeypatch.setattr("sys.argv", [*sys.argv])
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    yield Session(tmp_path)
    sys.modules.pop("own_rates", None)


WIDE = (
    "import math\nimport os.path\nfrom collections import OrderedDict as Ordered\nRATE = 1.5\nTABLE = {'a': (1, 2)}",
    "from dataclasses import dataclass\n@dataclass\nclass Row:\n    n: int\n"
    "    def twice(self):\n        return self.n * 2",
    "def helper(n):\n    return other(0) if n == 0 else math.sqrt(n) * RATE\n"
    "def other(n):\n    return helper(4) if n == 0 else n",
    "@task(\n    retries=2,\n)\ndef f(n=0, kind=Ordered):\n    # a comment\n"
    "    return [helper(n), Row(n).twice(), TABLE['a'][1], os.path.basename('/a/b'), len(kind())]",
)


def test_a_function_travels_with_what_it_uses(session: Session) -> None:
    config = session.config(*WIDE)
    assert config == {
        "function": "__main__:f",
        "args": {},
        "path": [str(session.folder)],
        "source": """\
from collections import OrderedDict as Ordered
from dataclasses import dataclass
import math
import os


RATE = 1.5
TABLE = {'a': (1, 2)}


def other(n):
    return helper(4) if n == 0 else n


def helper(n):
    return other(0) if n == 0 else math.sqrt(n) * RATE


@dataclass
class Row:
    n: int
    def twice(self):
        return self.n * 2


def f(n=0, kind=Ordered):
    # a comment
    return [helper(n), Row(n).twice(), TABLE['a'][1], os.path.basename('/a/b'), len(kind())]
""",
    }
    assert session.call(*WIDE) == [3.0, 0, 2, "b", 0]


def test_the_version_changes_with_the_code_of_what_is_used(session: Session) -> None:
    versions = [
        version_of(session.spec(f"def g(): return {n}", "@task\ndef f(): return g()", f"unused = {other}"))
        for n, other in [(1, 1), (2, 1), (1, 2)]
    ]
    assert versions[0] == versions[2] != versions[1]


def test_a_traceback_shows_the_lines_of_the_source(session: Session) -> None:
    with pytest.raises(ValueError) as caught:
        session.call("@task\ndef f():\n    n = 1\n    raise ValueError(f'no {n}')")
    frame = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (frame.lineno, frame.line, frame.name) == (3, "raise ValueError(f'no {n}')", "f")
    assert frame.filename.startswith("<source of f, ")


@pytest.mark.parametrize(
    ("cells", "value"),
    [
        (["from os import sep", "@task\ndef f(): return sep"], "/"),
        (["from math import pi", "@task\ndef f(): return pi"], 3.141592653589793),
        (["from os import environ as e", "from os import environ", "@task\ndef f(): return len(environ) > 0"], True),
        (["import functools", "@task\n@functools.lru_cache\ndef f(): return 5"], 5),
        (["import studio", "@studio.task.branch(retries=1)\ndef f(): return 'a'"], "a"),
        (["@task\ndef g(): return 3", "@task\ndef f(): return g() + 1"], 4),
        (["def g(): return 3\nh = g", "@task\ndef f(): return h()"], 3),
        (["def make():\n    @task\n    def inner(n=2):\n        return n\n    return inner", "f = make()"], 2),
        (["import json as j", "async def g(): ...", "@task\ndef f(): return j.dumps([1])"], "[1]"),
        (["from own_rates import RATE, Rate, twice", "@task\ndef f(): return twice(RATE), Rate(2).n"], (6, 2)),
        (["@task\ndef f():\n    import own_rates\n    return own_rates.RATE"], 3),
        (["from __future__ import annotations", "@task\ndef f(a: Nothing = 1): return a"], 1),
        (["class A: pass\nclass B(A):\n    @property\n    def n(self): return 9", "@task\ndef f(): return B().n"], 9),
        (["import enum\nclass Colour(enum.Enum):\n    RED = 1", "@task\ndef f(): return Colour.RED.name"], "RED"),
    ],
)  # fmt: skip
def test_whatever_it_uses_is_there(session: Session, cells: list[str], value: object) -> None:
    (session.folder / "own_rates.py").write_text(
        "RATE = 3\nclass Rate:\n    def __init__(self, n): self.n = n\ndef twice(n): return 2 * n\n"
    )
    assert session.call(*cells) == value


@pytest.mark.parametrize(
    ("cells", "dag", "value"),
    [
        ([], "with DAG('d'):\n    function(lambda: 7, task_id='f')", 7),
        (["k = 5"], "with DAG('d'):\n    function(lambda: k, task_id='f')", 5),
        (["def make(n):\n    @task\n    def f(): return n + 1\n    return f", "f = make(2)"], "", 3),
        (["import functools", "def g(a, b): return a - b"],
         "with DAG('d'):\n    function(functools.partial(g, b=1), args={'a': 9}, task_id='f')", 8),
        (["class A:\n    n = 4\n    def get(self): return self.n"],
         "with DAG('d'):\n    function(A().get, task_id='f')", 4),
    ],
)  # fmt: skip
def test_closures_are_pickled_and_uploaded(
    session: Session, cells: list[str], dag: str, value: object
) -> None:
    more = {"dag": dag} if dag else {}
    config = session.config(*cells, **more)
    assert "source" not in config and list(session.sources) == [config["digest"]]
    assert config["pickled"].startswith("3.")
    assert session.call(*cells, **more) == value


MISTAKES = [
    (["import pandas as pd\nframe = pd.DataFrame({'a': [1]})", "@task\ndef f(): return frame"],
     "f uses frame,    a\n0  1 of type pandas.DataFrame, which cannot be written down in a DAG. "
     "Make it inside of the function, or give it as an argument."),
    (["@task\ndef f(): return helper()"],
     "f uses helper, which is not defined. Define it before the DAG is published."),
    (["g = lambda: 1", "@task\ndef f(): return g()"],
     "f uses g, a lambda, whose source does not say all. Write it as a plain `def`."),
    (["def make(n):\n    def g(): return n\n    return g\ng = make(1)", "@task\ndef f(): return g()"],
     "f uses g, a function made by another one, whose source does not say all. Write it as a plain `def`."),
    (["import threading\ndef make(lock):\n    @task\n    def f(): return lock\n    return f",
      "f = make(threading.Lock())"],
     "f is not at the top level of a module, and it cannot be pickled: TypeError: cannot pickle '_thread.lock' object. "
     "Make what it holds inside of it, or give it as an argument."),
]  # fmt: skip


@pytest.mark.parametrize(("cells", "told"), MISTAKES)
def test_what_cannot_travel_is_named(session: Session, cells: list[str], told: str) -> None:
    with pytest.raises(Exception) as caught:
        session.spec(*cells)
    assert isinstance(caught.value.__cause__, InvalidInput)
    assert str(caught.value.__cause__) == told


def test_a_pickle_of_another_python_is_refused(session: Session) -> None:
    config = {**session.config(dag="with DAG('d'):\n    function(lambda: 7, task_id='f')"), "pickled": "3.8"}
    with pytest.raises(InvalidInput, match="was pickled by Python 3\\.8, and this is"):
        function_of(config, [])


KERNEL = (
    "%config InlineBackend.close_figures = True\nimport enum\nfrom dataclasses import dataclass\n"
    "from studio import DAG, task\n@dataclass\nclass Row:\n    n: int = 1\nclass Colour(enum.Enum):\n    RED = 1",
    "@task\ndef f(n: int = 2):\n    return [Row(n).n, Colour.RED.value]",
    "with DAG('d') as dag:\n    f()\nfirst = dag.snapshot().spec.tasks[0].config['source']",
    "@dataclass\nclass Row:\n    n: int = 7",
    "print(first, '-----', dag.snapshot().spec.tasks[0].config['source'], sep='\\n')",
)


def test_a_kernels_session_travels_as_it_is_now(tmp_path: Path) -> None:
    notebook = new_notebook(cells=[new_code_cell(each) for each in KERNEL])
    NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    first, _, second = notebook.cells[-1].outputs[0].text.partition("-----\n")
    assert (
        first
        == """\
from dataclasses import dataclass
import enum


@dataclass
class Row:
    n: int = 1


class Colour(enum.Enum):
    RED = 1


def f(n: int = 2):
    return [Row(n).n, Colour.RED.value]

"""
    )
    assert second == first.replace("n: int = 1", "n: int = 7")
