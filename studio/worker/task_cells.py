"""What operators and functions show, as a notebook: nothing of it is there, or imported, until something is shown."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Literal

from studio.errors import StudioError
from studio.operators.showing import showing
from studio.outcomes import Fail, TaskOutcome
from studio.worker.task import Emit, TaskRequest
from studio.worker.task_log import TaskLog
from studio.worker.user_code import told

if TYPE_CHECKING:
    from studio.worker.task_notebook import TaskNotebook


class TaskCells:
    """The cells of one attempt, one after another. Safe for threads.

    `with cells:` what `studio.show` is given goes into the open cell, or into one of its own; what is raised is shown
    where it happened, if anything was shown before.
    """

    def __init__(
        self, request: TaskRequest, emit: Emit, log: TaskLog, title: str, language: str = "text"
    ) -> None:
        self._request = request
        self._emit = emit
        self._log = log
        self._title = title  # of the cell that is made for what is shown outside of any
        self._language = language
        self._lock = threading.RLock()
        self._notebook: TaskNotebook | None = None
        self._open: TaskCell | None = None

    def __enter__(self) -> TaskCells:
        self._showing = showing(self.show)
        self._showing.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._showing.__exit__(kind, error, trace)
        if self._notebook is not None:
            self._notebook.end()

    @contextmanager
    def cell(self, source: str, language: str = "text") -> Iterator[TaskCell]:
        """A new cell, open inside of the block. A cell within a cell ends the outer one."""
        with self._lock:
            opened = self._begin(source, language)
        try:
            yield opened
        except BaseException as error:
            if not isinstance(error, TaskOutcome) or isinstance(error, Fail):
                self.failed(error)
            raise
        finally:
            with self._lock:
                if self._open is opened:
                    self._end()

    def show(self, *values: object) -> None:
        """Show values in the open cell, or in one that stays open for what comes after."""
        with self._lock:
            cell = self._open or self._begin(self._title, self._language)
            for value in values:
                cell.show(value)

    def failed(self, error: BaseException) -> None:
        """The attempt has failed by `error`: the open cell, or else the last one, shows it."""
        with self._lock:
            if self._notebook is not None:
                name, text = type(error).__name__, str(error)
                # A message of ours says all.
                traceback = f"{name}: {text}" if isinstance(error, StudioError) else told(error)
                self._notebook.failed(name, text, traceback.splitlines())
                self._open = None

    def _begin(self, source: str, language: str) -> TaskCell:
        if self._open is not None:
            self._end()
        notebook = self._made(language)
        self._open = TaskCell(notebook, notebook.begin(source, language))
        return self._open

    def _end(self) -> None:
        self._open = None
        if self._notebook is not None:
            self._notebook.end_cell()

    def _made(self, language: str) -> TaskNotebook:
        if self._notebook is None:
            from studio.worker.task_notebook import TaskNotebook  # noqa: PLC0415 - nbformat, for those who show something

            self._notebook = TaskNotebook(self._request, self._emit, self._log, language)
        return self._notebook


class TaskCell:
    """See `studio.operators.base.OutputCell`. After its end it takes nothing more."""

    def __init__(self, notebook: TaskNotebook, index: int) -> None:
        self._notebook = notebook
        self._index = index

    def write(self, text: str, stream: Literal["stdout", "stderr"] = "stdout") -> None:
        self._notebook.write(self._index, stream, text)

    def show(self, value: object) -> None:
        self._notebook.show(self._index, value)
