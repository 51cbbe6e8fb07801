"""Notebook tasks: papermill executes the notebook with our engine and leaves `output.ipynb` in the attempt's directory.

config: `{"source": path of the .ipynb, "cwd": directory of the kernel, "parameters": {name: JSON, text may be a
template}, "timeout": seconds or None, "kernel_name": name or None}`.
"""

from __future__ import annotations

import json
import os
import time
import warnings
from functools import cache
from typing import Any

from nbformat import NotebookNode
from papermill.engines import papermill_engines
from papermill.exceptions import PapermillException, PapermillExecutionError
from papermill.execute import ERROR_MARKER_TAG, execute_notebook, remove_error_markers
from papermill.iorw import papermill_io, write_ipynb

from studio.core.names import shown
from studio.core.parameters import check_notebook_parameters
from studio.core.templating import render_all
from studio.errors import InvalidInput, StudioError
from studio.worker.cell_outputs import plain
from studio.worker.engine import DEFAULT_KERNEL, StudioEngine, language_in
from studio.worker.notebook_client import NotebookObserver
from studio.worker.task import (
    MAX_SOURCE,
    CellChanged,
    CellSource,
    Emit,
    KernelStarted,
    NotebookStarted,
    Rendered,
    TaskRequest,
    TaskResult,
    failure,
)
from studio.worker.task_log import TaskLog

OUTPUT = "output.ipynb"


def run_notebook(request: TaskRequest, emit: Emit) -> TaskResult:
    """Run a notebook task; errors of the notebook are a failed result, and its output notebook is kept.

    Raises `StudioError` for what was wrong before a kernel started.
    """
    config = request.config
    parameters = render_all(config.get("parameters") or {}, request.context)
    emit(Rendered(parameters=parameters))
    source = str(config.get("source") or "")
    notebook = read_notebook(source)
    parameters = check_notebook_parameters(parameters, notebook, f"The notebook {os.path.basename(source)}")
    kernel_name = config.get("kernel_name") or _kernel_of(notebook)
    output = os.path.join(request.directory, OUTPUT)
    log = TaskLog(os.path.join(request.directory, "log.txt"))
    reporter = _Reporter(emit, notebook, {"kernel_name": kernel_name, "parameters": parameters})
    _register()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # papermill's and nbformat's remarks on names and ids are nobody's here
            execute_notebook(
                _literal_path(source),
                _literal_path(output),
                parameters=parameters,
                engine_name="studio",
                kernel_name=kernel_name,
                language=_language_of(notebook),
                progress_bar=False,
                observer=reporter,
                kernel_cwd=config.get("cwd"),
                kernel_env=request.env,
                timeout_total=config.get("timeout"),
                overflow=log.write,
                error_markers=False,
            )
    except PapermillExecutionError as error:
        if (
            reporter.failed_cell is None
        ):  # papermill counts an error that its cell allows (`raises-exception`)
            _remove_markers(reporter.notebook, output)
        else:
            return reporter.failure(f"{error.ename}: {error.evalue}", error.traceback)
    except (StudioError, PapermillException) as error:
        return reporter.failure(f"{type(error).__name__}: {error}")
    finally:
        log.end()
    return TaskResult(state="success", details=reporter.details())


def read_notebook(path: str) -> dict[str, Any]:
    """The parsed .ipynb at `path`, checked as far as executing it needs; raises `InvalidInput`."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            notebook = json.load(file)
    except FileNotFoundError:
        raise InvalidInput(f"There is no notebook {shown(path, 300)}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"The notebook {shown(path, 300)} cannot be read: {error}.") from error
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{shown(path, 300)} is not a notebook: it is not JSON ({error}).") from error
    fault = _fault(notebook)
    if fault:
        raise InvalidInput(f"{shown(path, 300)} is not a notebook that can be run: {fault}.")
    return notebook  # type: ignore[no-any-return]


def _fault(notebook: Any) -> str:
    if not isinstance(notebook, dict):
        return "it is not a JSON object"
    if notebook.get("nbformat") != 4:
        version = notebook.get("nbformat")
        if version in (1, 2, 3):
            return f"it has the old notebook format {version}; open it in JupyterLab and save it, which converts it"
        return f"its notebook format is {shown(version)}, not 4"
    if not isinstance(notebook.get("nbformat_minor"), int):
        return "it has no number `nbformat_minor`"
    if not isinstance(notebook.get("metadata"), dict):
        return "its `metadata` is not an object"
    for name in ("kernelspec", "language_info"):
        if not isinstance(notebook["metadata"].get(name, {}), dict):
            return f"its `metadata.{name}` is not an object"
    if not isinstance(notebook.get("cells"), list):
        return "its `cells` are not a list"
    for index, cell in enumerate(notebook["cells"]):
        if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "raw"):
            return f"cell {index} has no known `cell_type`"
        source, metadata = cell.get("source"), cell.get("metadata")
        is_text = isinstance(source, str) or (
            isinstance(source, list) and all(isinstance(line, str) for line in source)
        )
        if not is_text or not isinstance(metadata, dict) or not isinstance(metadata.get("tags", []), list):
            return f"the `source`, `metadata` or `tags` of cell {index} are malformed"
    return ""


class _Reporter(NotebookObserver):
    """Turns what the engine tells into events, and keeps what the result needs."""

    def __init__(self, emit: Emit, source: dict[str, Any], details: dict[str, Any]) -> None:
        self._emit = emit
        self._source = source
        self._details = details
        self._begin = time.perf_counter()
        self._durations: dict[str, float] = {}  # by index in the output notebook, seconds
        self.notebook: NotebookNode = NotebookNode(cells=[])  # type: ignore[no-untyped-call]
        self.failed_cell: int | None = None

    def notebook_started(self, notebook: NotebookNode) -> None:
        self.notebook = notebook
        cells = [
            CellSource(
                index=index,
                id=cell.get("id") or "",
                cell_type=cell.cell_type,
                source=cell.source[:MAX_SOURCE],
            )
            for index, cell in enumerate(notebook.cells)
        ]
        self._emit(NotebookStarted(cells_total=len(cells), cells=cells))

    def kernel_started(self, pid: int, kernel_name: str) -> None:
        self._emit(KernelStarted(pid=pid, kernel_name=kernel_name))

    def cell_changed(
        self, index: int, cell: NotebookNode, state: Any, started: float | None, duration: float | None
    ) -> None:
        if duration is not None:
            self._durations[str(index)] = round(duration, 6)
        if state == "failed":
            self.failed_cell = index
        self._emit(
            CellChanged(
                index=index,
                state=state,
                outputs=plain(cell.get("outputs", [])),
                execution_count=cell.get("execution_count"),
                started=started,
                duration=duration,
            )
        )

    def details(self) -> dict[str, Any]:
        return {
            **self._details,
            "cells": len(self.notebook.cells),
            "executed": len(self._durations),
            "cell_durations": self._durations,
            "duration": round(time.perf_counter() - self._begin, 6),
        }

    def failure(self, head: str, traceback: list[str] | None = None) -> TaskResult:
        details = self.details()
        if self.failed_cell is not None:
            details["failed_cell_in_source"] = self._index_in_source(self.failed_cell)
        return failure("\n".join([head, *(traceback or [])]), failed_cell=self.failed_cell, details=details)

    def _index_in_source(self, index: int) -> int | None:
        """Where the cell `index` of the output notebook stands in the source; None for the injected one."""
        own = [i for i, cell in enumerate(self._source["cells"]) if not _is_papermills(cell)]
        if _is_papermills(self.notebook.cells[index]):
            return None
        return own[sum(not _is_papermills(cell) for cell in self.notebook.cells[:index])]


def _is_papermills(cell: Any) -> bool:
    tags = cell.get("metadata", {}).get("tags", [])
    return "injected-parameters" in tags or ERROR_MARKER_TAG in tags


class _LocalFiles:
    """Papermill's I/O for absolute paths: no change of directory, and a reader never sees half a file."""

    def read(self, path: str) -> str:
        with open(path, encoding="utf-8-sig") as file:
            return file.read()

    def write(self, text: str, path: str) -> None:
        partial = f"{path}.part"
        with open(partial, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
        os.replace(partial, path)

    def listdir(self, path: str) -> list[str]:
        return [os.path.join(path, name) for name in os.listdir(path)]

    def pretty_path(self, path: str) -> str:
        return path


@cache
def _register() -> None:
    """Make papermill use our engine and files in this process, whether or not the entry point is installed."""
    papermill_engines.register("studio", StudioEngine)
    papermill_io.register("/", _LocalFiles())


def _literal_path(path: str) -> str:
    """`path` such that papermill's `str.format` gives it back: braces in file names are no parameters."""
    return path.replace("{", "{{").replace("}", "}}")


def _kernel_of(notebook: dict[str, Any]) -> str:
    return str(notebook["metadata"].get("kernelspec", {}).get("name") or DEFAULT_KERNEL)


def _language_of(notebook: dict[str, Any]) -> str:
    """What papermill translates parameters to; in the notebook's own spelling."""
    metadata: dict[str, Any] = notebook["metadata"]
    return language_in(metadata)


def _remove_markers(notebook: NotebookNode, output: str) -> None:
    remove_error_markers(notebook)
    write_ipynb(notebook, output)
