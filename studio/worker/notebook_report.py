"""Turns what an execution of a notebook tells into events, lines of the log, and what the result keeps."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError
from papermill.execute import ERROR_MARKER_TAG

from studio.core.hidden_cells import is_hidden
from studio.worker.cage import Cage
from studio.worker.cell_outputs import plain
from studio.worker.cell_resources import UNKNOWN, Usage
from studio.worker.endings import result_from_kernel
from studio.worker.environment import Environment
from studio.worker.error_names import TIMED_OUT, class_names, names_of
from studio.worker.notebook_observer import CellTimeout, KernelDied, NotebookObserver, NotebookTimeout
from studio.worker.task import (
    MAX_SOURCE,
    CellChanged,
    CellSource,
    Emit,
    ForkServerWanted,
    KernelStarted,
    NotebookStarted,
    TaskResult,
    failure,
)
from studio.worker.task_log import TaskLog

_NO_STDIN: Final = "StdinNotImplementedError"


class NotebookReport(NotebookObserver):
    """Of one attempt; `source` is the notebook as it was read, `details` what is known before it is executed."""

    def __init__(
        self,
        emit: Emit,
        log: TaskLog,
        source: dict[str, Any],
        environment: Environment,
        details: dict[str, Any],
    ) -> None:
        self._emit = emit
        self._log = log
        self._source = source
        self._environment = environment
        self._details = details
        self._begin = time.perf_counter()
        self._durations: dict[str, float] = {}  # by index in the output notebook, seconds
        self._resources: dict[str, dict[str, Any]] = {}  # by index in the output notebook
        self._pid = 0
        self._cage: Cage | None = None
        self._limits: dict[str, str] = {}  # what is said of each verdict of the cage
        self.notebook: NotebookNode = NotebookNode(cells=[])  # type: ignore[no-untyped-call]
        self.failed_cell: int | None = None
        self.ended_by: TaskResult | None = None  # what a cell said by raising `studio.Skip` and the like

    # What the execution tells.

    def notebook_started(self, notebook: NotebookNode) -> None:
        self.notebook = notebook
        cells = [
            CellSource(
                index=index,
                id=cell.get("id") or "",
                cell_type=cell.cell_type,
                source=cell.source[:MAX_SOURCE],
                hidden=is_hidden(cell),
            )
            for index, cell in enumerate(notebook.cells)
        ]
        self._emit(NotebookStarted(cells_total=len(cells), cells=cells))

    def fork_server_wanted(
        self, command: tuple[str, ...], libraries: tuple[str, ...], is_stale: bool
    ) -> None:
        self._emit(ForkServerWanted(command=command, libraries=libraries, is_stale=is_stale))

    def kernel_started(self, pid: int, kernel_name: str) -> None:
        self._pid = pid
        self._emit(KernelStarted(pid=pid, kernel_name=kernel_name))

    def kernel_described(self, display_name: str | None, info: Mapping[str, Any], is_forked: bool) -> None:
        name = self._details["kernel_name"]
        self._details["kernel"] = "forked" if is_forked else "spawned"
        self._environment.kernel_answers(name, display_name, info)
        taken = time.perf_counter() - self._begin
        self.noted("INFO", f"The kernel {name} has started in {taken:.3f} s, as process {self._pid}.")

    def kernel_probed(self, answer: str) -> None:
        self._environment.probed(answer)

    def kernel_used(self, usage: Usage) -> None:
        self._details["resources"] = usage.as_json()

    def raised(self, traceback: Sequence[str]) -> bool:
        self.ended_by = result_from_kernel(traceback)
        if self.ended_by is None:
            return False
        self.noted("INFO", f"The notebook has ended itself: {self.ended_by.state}.")
        return self.ended_by.state != "failed"

    def cell_changed(
        self,
        index: int,
        cell: NotebookNode,
        state: Any,
        started: float | None,
        duration: float | None,
        usage: Usage = UNKNOWN,
    ) -> None:
        if duration is not None:
            self._durations[str(index)] = round(duration, 6)
        if facts := usage.as_json():
            self._resources[str(index)] = facts
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
                cpu=usage.cpu,
                peak_memory=usage.peak_memory,
            )
        )

    def truncated(self) -> None:
        self._details["truncated"] = True

    def noted(self, level: str, text: str) -> None:
        self._log.record(level, "studio", text)

    def logged(self, content: Mapping[str, Any]) -> None:
        told = content.get("time")
        moment = float(told) if isinstance(told, (int, float)) else None
        level, name = str(content.get("level") or "INFO"), str(content.get("name") or "kernel")
        self._log.record(level, name, str(content.get("text") or ""), moment)

    def spilled(self, stream: str, text: str) -> None:
        self._log.stream(stream).write(text)

    def notebook_ends(self, notebook: NotebookNode) -> None:
        if self._pid:
            self.noted(
                "INFO",
                f"The kernel has ended, {time.perf_counter() - self._begin:.3f} s after the beginning.",
            )
        self._details["environment"] = self._environment.record()
        own = notebook.metadata.get("studio")
        kept = own if isinstance(own, dict) else {}
        notebook.metadata["studio"] = {**kept, "environment": self._details["environment"]}

    # What the attempt comes to.

    def keep(self, name: str, value: Any) -> None:
        """One more of the result's details."""
        self._details[name] = value

    def warn(self, text: str) -> None:
        """Something that whoever looks at the result should know."""
        self._details.setdefault("warnings", []).append(text)
        self.noted("WARNING", text)

    def caged(self, cage: Cage, config: Mapping[str, Any]) -> None:
        """A failure may be the cage's doing."""
        self._cage = cage
        self._limits = {
            "oom_killed": f"The attempt needed more than the {config.get('memory_limit') or 0:,} bytes of memory that "
            "it may have (`memory_limit`).",
            "too_many_processes": f"The attempt started more than the {config.get('max_processes') or 0:,} processes "
            "and threads that it may have (`max_processes`).",
        }

    def ended(self) -> TaskResult:
        """The result of a notebook that has ended as it wanted to."""
        ended = self.ended_by or TaskResult(state="success")
        return msgspec.structs.replace(ended, failed_cell=self.failed_cell, details=self.details())

    def failed_by(self, error: Exception) -> TaskResult:
        """The result of a notebook that `error` ended."""
        if isinstance(error, PapermillExecutionError):
            return self._failed_cell(error)
        errors = class_names(type(error))
        if isinstance(error, (NotebookTimeout, CellTimeout)):
            errors = TIMED_OUT
        reason = error.reason if isinstance(error, KernelDied) else getattr(error, "code", "error")
        return self._failure(f"{type(error).__name__}: {error}", errors, reason)

    def details(self) -> dict[str, Any]:
        """For `TaskResult.details`; see `studio.worker.notebook`."""
        if self.failed_cell is not None:
            self._details["failed_cell_in_source"] = self._index_in_source(self.failed_cell)
        return {
            **self._details,
            "cells": len(self.notebook.cells),
            "executed": len(self._durations),
            "cell_durations": self._durations,
            "cell_resources": self._resources,
            "duration": round(time.perf_counter() - self._begin, 6),
        }

    def _failed_cell(self, error: PapermillExecutionError) -> TaskResult:
        head, reason = f"{error.ename}: {error.evalue}", "cell_failed"
        if not error.ename:  # bash says the exit code, and nothing else
            head = f"The cell at index {error.cell_index} failed: {error.evalue or 'its kernel does not say why'}"
        if error.ename == _NO_STDIN:
            head = "stdin_not_available: The notebook asks for input; nobody is there to answer. Make it a parameter."
            reason = "stdin_not_available"
        elif error.ename == "SystemExit":
            head, reason = (
                f"SystemExit: The notebook ended itself by sys.exit({error.evalue}).",
                "system_exit",
            )
        return self._failure("\n".join([head, *error.traceback]), names_of(error.ename), reason)

    def _failure(self, text: str, errors: tuple[str, ...], reason: str) -> TaskResult:
        verdict = self._cage.verdict() if self._cage is not None else None
        if verdict is not None:
            text = f"{self._limits[verdict]} {text}"
        self._details["reason"] = verdict or reason
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
