"""Requests for single attempts, run in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from studio.secrets.delivery import Delivered
from studio.worker.kinds import CellChanged, Event, TaskRequest, TaskResult, run_task

CONTEXT: dict[str, Any] = {"ds": "2013-01-01", "run_id": "manual__1", "params": {"n": 5}}


class Attempt:
    """One attempt: what it said, how it ended, what it left."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.events: list[Event] = []
        self.result = TaskResult(state="failed")

    def run(
        self,
        kind: str,
        config: dict[str, Any],
        emit: Callable[[Event], None] | None = None,
        context: dict[str, Any] | None = None,
        **more: Any,
    ) -> None:
        more.setdefault("values", str(self.directory.parent / "values"))
        request = TaskRequest(
            attempt_id=1,
            dag_id="d",
            run_id="r",
            task_id="t",
            try_number=1,
            kind=kind,
            config=config,
            context={**CONTEXT, **(context or {})},
            directory=str(self.directory),
            **more,
        )

        def hear(event: Event) -> None:
            self.events.append(event)
            if emit is not None:
                emit(event)

        self.result = run_task(request, hear)

    def changes(self, index: int) -> list[CellChanged]:
        return [e for e in self.events if isinstance(e, CellChanged) and e.index == index]

    @property
    def output(self) -> Any:
        return nbformat.read(self.directory / "output.ipynb", as_version=4)

    @property
    def log(self) -> str:
        """The texts of the log's records, as lines."""
        return "".join(f"{record['text']}\n" for record in self.records)

    @property
    def records(self) -> list[dict[str, Any]]:
        path = self.directory / "log.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


Call = Callable[..., Attempt]


@pytest.fixture
def call(attempt: Attempt, tmp_path: Path) -> Call:
    """Run `function` of a module with the given source."""
    folder = tmp_path / "code"
    folder.mkdir()

    def run(
        source: str,
        function: str = "f",
        module: str = "studio_test_jobs",
        kind: str = "function",
        **more: Any,
    ) -> Attempt:
        (folder / f"{module}.py").write_text(source)
        config = {"function": f"{module}:{function}", "args": more.pop("args", {}), "path": [str(folder)]}
        attempt.run(kind, config, **more)
        return attempt

    return run


@pytest.fixture
def attempt(tmp_path: Path) -> Attempt:
    directory = tmp_path / "attempt"
    directory.mkdir()
    return Attempt(directory)


RunNotebook = Callable[..., Attempt]


@pytest.fixture
def run_notebook(attempt: Attempt, tmp_path: Path) -> RunNotebook:
    """Run a notebook of the given cells: `(source, tag)`, a source, or Markdown that starts with `#!md`."""

    def run(
        *cells: str | tuple[str, str],
        emit: Callable[[Event], None] | None = None,
        env: Any = None,
        context: Any = None,
        secrets: Delivered | None = None,
        **config: Any,
    ) -> Attempt:
        made = []
        for cell in cells:
            source, tags = (cell[0], [cell[1]]) if isinstance(cell, tuple) else (cell, [])
            if source.startswith("#!md"):
                made.append(new_markdown_cell(source[4:]))
            else:
                made.append(new_code_cell(source, metadata={"tags": tags}))
        path = tmp_path / "source.ipynb"
        nbformat.write(new_notebook(cells=made), path)
        config = {"content": str(path), "path": str(path), "cwd": str(tmp_path), **config}
        attempt.run("notebook", config, emit, context, env=env or {}, secrets=secrets or Delivered())
        return attempt

    return run
