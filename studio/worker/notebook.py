"""Notebook tasks: papermill executes the notebook with our engine and leaves `output.ipynb` in the attempt's directory.

config: `{"path": path of the .ipynb as its author wrote it, "source": "snapshot" (then `content` is the path of what
was published, `digest` its hash), "latest" or "git" (with `revision`), "cwd": directory of the kernel, "parameters":
{name: JSON, text may be a template}, "timeout": seconds or None, "kernel_name": name or None}`.
"""

from __future__ import annotations

import os
import time
import warnings
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from typing import Any

import msgspec
from nbformat import NotebookNode
from papermill.engines import papermill_engines
from papermill.exceptions import PapermillException, PapermillExecutionError
from papermill.execute import ERROR_MARKER_TAG, execute_notebook, remove_error_markers
from papermill.iorw import papermill_io, write_ipynb

from studio.core.notebook_parameters import NotebookParameters
from studio.core.signals import Signal
from studio.errors import StudioError
from studio.outcomes import TaskOutcome
from studio.worker.arguments import arguments_of, kept
from studio.worker.cell_outputs import plain
from studio.worker.endings import crashed, result_from_kernel
from studio.worker.engine import DEFAULT_KERNEL, StudioEngine, language_in
from studio.worker.error_names import TIMED_OUT, class_names, names_of
from studio.worker.notebook_client import NotebookObserver, NotebookTimeout
from studio.worker.notebook_source import read_source
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
    if request.context.get("interpret") == "sensor":
        return _no_sensor()
    log = TaskLog(os.path.join(request.directory, "log.txt"))
    try:
        with redirect_stdout(log), redirect_stderr(log):
            given = request.config.get("parameters") or {}
            parameters = arguments_of(given, request.context, "parameter")
        return _execute(request, parameters, emit, log)
    except (StudioError, TaskOutcome, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # of a function that is applied to a mapped argument
        return crashed(error, log)
    finally:
        log.end()


def _execute(request: TaskRequest, parameters: dict[str, Any], emit: Emit, log: TaskLog) -> TaskResult:
    config = request.config
    rendered = kept(parameters)
    emit(Rendered(parameters=rendered))
    source = read_source(config, request.directory)
    notebook = source.notebook
    name = os.path.basename(source.record["path"])
    declared = NotebookParameters(notebook, f"The notebook {name}")
    parameters = declared.check(parameters, written=config.get("parameters"))
    kernel_name = config.get("kernel_name") or _kernel_of(notebook)
    output = os.path.join(request.directory, OUTPUT)
    details = {
        "kernel_name": kernel_name,
        "rendered": rendered,
        "source": source.record,
        "warnings": [*source.warnings, *declared.remarks(parameters)],
    }
    reporter = _Reporter(emit, notebook, details)
    _register()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # papermill's and nbformat's remarks on names and ids are nobody's here
            execute_notebook(
                _literal_path(source.path),
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
        if reporter.failed_cell is None:
            # Papermill counts an error that its cell allows (`raises-exception`), and an early end.
            _remove_markers(reporter.notebook, output)
        elif reporter.ended_by is None:
            return reporter.failure(f"{error.ename}: {error.evalue}", names_of(error.ename), error.traceback)
    except NotebookTimeout as error:
        return reporter.failure(f"{type(error).__name__}: {error}", TIMED_OUT)
    except (StudioError, PapermillException) as error:
        return reporter.failure(f"{type(error).__name__}: {error}", class_names(type(error)))
    ended = reporter.ended_by or TaskResult(state="success")
    return msgspec.structs.replace(ended, failed_cell=reporter.failed_cell, details=reporter.details())


def _no_sensor() -> TaskResult:
    return TaskResult(
        state="failed",
        error="A notebook cannot be a sensor: it has no value yet that would say whether the wait is over. In an "
        "ordinary notebook task, `raise studio.Reschedule(timedelta(minutes=5))` looks again later.",
        signal=Signal(retry=False),
    )


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
        self.ended_by: TaskResult | None = None  # what a cell said by raising `studio.Skip` and the like

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

    def raised(self, output: NotebookNode) -> bool:
        self.ended_by = result_from_kernel(output.get("traceback", []))
        return self.ended_by is not None and self.ended_by.state != "failed"

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
        if self.failed_cell is not None:
            self._details["failed_cell_in_source"] = self._index_in_source(self.failed_cell)
        return {
            **self._details,
            "cells": len(self.notebook.cells),
            "executed": len(self._durations),
            "cell_durations": self._durations,
            "duration": round(time.perf_counter() - self._begin, 6),
        }

    def failure(self, head: str, errors: tuple[str, ...], traceback: list[str] | None = None) -> TaskResult:
        text = "\n".join([head, *(traceback or [])])
        return failure(text, errors=errors, failed_cell=self.failed_cell, details=self.details())

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
