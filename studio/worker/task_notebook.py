"""The notebook that shows what an operator or a function does: `output.ipynb`, and events while it runs.

Whoever shows notebooks shows it: cells have what papermill notes of cells (`metadata.papermill`), outputs are kept
within the same limits, and events are the same. Cells come as the task goes on, so each of them tells its own source.
"""

from __future__ import annotations

import threading
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final, Literal

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from studio.artifacts.local import write_atomically
from studio.secrets.access import current_masker
from studio.secrets.masking import Masker
from studio.worker.cell_outputs import CellOutputs, OutputLimits, OutputRoom, new_cell_output, plain
from studio.worker.notebook_text import notebook_text
from studio.worker.rich_outputs import bundle_of
from studio.worker.task import MAX_SOURCE, CellChanged, CellState, Emit, NotebookStarted, TaskRequest
from studio.worker.task_log import TaskLog

OUTPUT: Final = "output.ipynb"
QUIET: Final = 0.15  # seconds between two tellings of growing outputs
MAX_HELD: Final = 1 << 16  # characters of a line that is not shown before its end
SAVE_EVERY: Final = 2.0  # seconds between two saves of growing outputs


class TaskNotebook:
    """Of one attempt; one cell at a time is running. Safe for threads."""

    def __init__(
        self,
        request: TaskRequest,
        emit: Emit,
        log: TaskLog,
        language: str,
        limits: OutputLimits | None = None,
    ) -> None:
        self._path = Path(request.directory, OUTPUT)
        self._emit = emit
        self._log = log
        self._limits = limits or OutputLimits()
        self._room = OutputRoom(self._limits.notebook)
        self._masker = Masker(request.secrets.hidden)
        self._held: dict[str, str] = {}  # of the streams: the beginning of a line that may hold a secret
        self._lock = threading.RLock()
        self._outputs: CellOutputs | None = None  # of the running cell
        self._began = 0.0  # monotonic, of the running or the last cell
        self._wakes = threading.Condition(self._lock)
        self._teller: threading.Thread | None = None
        self._due: float | None = None  # monotonic: when something is to be told
        self._is_over = False
        self._told_at = self._saved_at = float("-inf")  # monotonic
        self._save_pause = SAVE_EVERY
        metadata = {"language_info": {"name": language}, "studio": {"kind": request.kind}}
        self._notebook = _made(new_notebook, metadata=metadata)
        emit(NotebookStarted(cells_total=0, cells=[]))

    @property
    def _last(self) -> int:
        return len(self._notebook.cells) - 1

    def begin(self, source: str, language: str) -> int:
        """A new cell runs from now on; its index."""
        with self._lock:
            self.end_cell()
            noted = {
                "status": "running",
                "exception": False,
                "start_time": _now(),
                "end_time": None,
                "duration": None,
            }
            metadata = {"papermill": noted, "vscode": {"languageId": language}}
            count = self._last + 2
            shown = self._masker.text(source)
            cell = _made(new_code_cell, source=shown, metadata=metadata, execution_count=count)
            self._notebook.cells.append(cell)
            self._outputs = CellOutputs(self._limits, _is_logged, self._room)
            self._began = time.monotonic()
            self._tell()
            self._grown()  # of a cell that takes longer, the file tells soon
            return self._last

    def write(self, index: int, stream: Literal["stdout", "stderr"], text: str) -> None:
        """Append to a stream of the cell, if it is the one that runs; it goes to the log, all of it."""
        self._log.stream(stream).write(text)
        with self._lock:
            if self._outputs is not None and index == self._last:
                self._add(stream, text)
                self._grown()

    def show(self, index: int, value: object) -> None:
        """Append a display of `value` to the cell, if it is the one that runs."""
        data, metadata = bundle_of(value)
        content: dict[str, Any] = self._masker.value({"data": data, "metadata": metadata})
        with self._lock:
            if self._outputs is None or index != self._last:
                return
            self._add_held()
            if self._outputs.admit_data(content):
                self._notebook.cells[index].outputs.append(new_cell_output("display_data", **content))
                self._grown()

    def end_cell(self) -> None:
        """The running cell, if there is one, has succeeded."""
        with self._lock:
            if self._outputs is not None:
                self._add_held()
                self._ended("completed")

    def failed(self, name: str, message: str, traceback: list[str]) -> None:
        """The running cell, or else the last one, shows an error; only the first error is shown."""
        with self._lock:
            if self._last < 0 or self._noted["exception"]:
                return
            self._add_held()
            outputs = self._outputs or CellOutputs(self._limits, _is_logged, self._room)
            content: dict[str, Any] = {"ename": name, "evalue": message, "traceback": traceback}
            content = self._masker.value(content)
            if outputs.admit_error(content):
                self._notebook.cells[-1].outputs.append(new_cell_output("error", **content))
            self._noted["exception"] = True
            self._ended("failed")

    def end(self) -> None:
        """The attempt is over: nothing is told or saved later than this."""
        with self._lock:
            self.end_cell()
            self._is_over = True
            self._wakes.notify()
        if self._teller is not None:
            self._teller.join()

    @property
    def _noted(self) -> dict[str, Any]:
        noted: dict[str, Any] = self._notebook.cells[-1].metadata.papermill
        return noted

    def _ended(self, status: Literal["completed", "failed"]) -> None:
        self._noted.update(status=status, end_time=_now(), duration=round(time.monotonic() - self._began, 6))
        self._outputs = None
        self._due = None
        self._tell()
        self._save()

    def _add(self, stream: str, text: str) -> None:
        """Where there are secrets only whole lines are shown: one may come in pieces. It is masked before it is cut."""
        if self._masker:
            text = self._held.pop(stream, "") + text
            end = len(text) if len(text) > MAX_HELD else text.rfind("\n") + 1
            self._held[stream] = text[end:]
            text = self._masker.text(text[:end])
        if self._outputs is not None and text:
            self._outputs.add_stream(self._notebook.cells[-1].outputs, stream, text)

    def _add_held(self) -> None:
        for stream, text in self._held.items():
            if self._outputs is not None and text:
                self._outputs.add_stream(self._notebook.cells[-1].outputs, stream, self._masker.text(text))
        self._held.clear()

    def _grown(self) -> None:
        """Told and saved now, or soon: by a thread, because what follows may take its time."""
        if self._due is not None:
            return
        if time.monotonic() >= self._told_at + QUIET:
            self._tell_and_save()
            return
        self._due = self._told_at + QUIET
        if self._teller is None:
            self._teller = threading.Thread(target=self._tell_what_is_due, name="task notebook", daemon=True)
            self._teller.start()
        self._wakes.notify()

    def _tell_what_is_due(self) -> None:
        with self._lock:
            while not self._is_over:
                wait = None if self._due is None else self._due - time.monotonic()
                if wait is None or wait > 0:
                    self._wakes.wait(wait)
                else:
                    self._due = None
                    self._tell_and_save()

    def _tell_and_save(self) -> None:
        self._tell()
        if time.monotonic() - self._saved_at >= self._save_pause:
            self._save()

    def _tell(self) -> None:
        cell, noted = self._notebook.cells[-1], self._noted
        state: CellState = "running"
        if noted["status"] != "running":
            state = "failed" if noted["exception"] else "success"
        self._emit(
            CellChanged(
                index=self._last,
                state=state,
                source=cell.source[:MAX_SOURCE],
                outputs=plain(cell.outputs),
                execution_count=cell.execution_count,
                started=datetime.fromisoformat(noted["start_time"]).timestamp(),
                duration=noted["duration"],
            )
        )
        self._told_at = time.monotonic()

    def _save(self) -> None:
        """Large notebooks are saved less often: a tenth of the time at most."""
        begin = time.monotonic()
        try:
            write_atomically(
                self._path, current_masker().text(notebook_text(self._notebook)).encode("utf-8", "replace")
            )
        except OSError as error:  # a task does not fail because it shows something
            self._log.record("WARNING", "studio", f"The output notebook could not be saved: {error}.")
        self._saved_at = time.monotonic()
        self._save_pause = max(SAVE_EVERY, 10 * (self._saved_at - begin))


def _is_logged(stream: str, text: str) -> None:
    """What a cell has no room for is in the log already."""


def _made(make: Any, **fields: Any) -> NotebookNode:
    """nbformat's functions have no types."""
    node: NotebookNode = make(**fields)
    return node


def _now() -> str:
    return datetime.now(timezone.utc).isoformat()
