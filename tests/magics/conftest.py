"""A shell with the extension, and what its cells show."""

from __future__ import annotations

import atexit
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

from studio.authoring.cells.cell_dag import CellDag

from ..authoring.conftest import notebook_text


@dataclass
class Cell:
    """A cell that has run."""

    result: Any
    shown: list[str]  # texts of its outputs
    printed: str  # also what went wrong

    @property
    def value(self) -> Any:
        return self.result.result


class Shell:
    """An IPython shell that has loaded `studio`."""

    def __init__(self) -> None:
        config = Config()
        config.HistoryManager.enabled = False
        config.InteractiveShell.colors = "nocolor"
        self.ip: InteractiveShell = InteractiveShell.instance(config=config)
        self.run("%load_ext studio")

    def run(self, source: str, cell_id: str | None = None) -> Cell:
        with capture_output() as captured:
            result = self.ip.run_cell(source, store_history=True, cell_id=cell_id)
        shown = [output.data.get("text/plain", "") for output in captured.outputs]
        return Cell(result, shown, captured.stdout + captured.stderr)

    @property
    def names(self) -> dict[str, Any]:
        return dict(self.ip.user_ns)

    @property
    def dag(self) -> CellDag:
        found = self.ip.user_ns["dag"]
        assert isinstance(found, CellDag)
        return found

    @property
    def tasks(self) -> list[str]:
        return [task.task_id for task in self.dag.tasks]


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """In a home of its own, without a server."""
    monkeypatch.setenv("STUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(
        sys.modules, "__main__", sys.modules["__main__"]
    )  # the shell puts a module of its own there
    made = Shell()
    yield made
    atexit.unregister(made.ip.atexit_operations)
    made.ip.atexit_operations()
    InteractiveShell.clear_instance()


Save = Callable[..., Path]


@pytest.fixture
def saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Save:
    """Save cells (id → source) as the notebook that the kernel belongs to."""

    def save(**cells: str) -> Path:
        document = json.loads(notebook_text(*cells.values()))
        for cell, cell_id in zip(document["cells"], cells, strict=True):
            cell["id"] = cell_id
        document["nbformat_minor"] = 5
        path = tmp_path / "flights.ipynb"
        path.write_text(json.dumps(document))
        monkeypatch.setenv("JPY_SESSION_NAME", str(path))
        return path

    return save
