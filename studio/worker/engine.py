"""The papermill engine `studio`: event driven, few and atomic saves, a kernel over ipc.

Also an entry point, so `papermill --engine studio` works; and because papermill imports every engine, this module
loads little beyond papermill's own imports, and never `papermill.execute` (it would be a cycle).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from nbformat import NotebookNode
from papermill.engines import NBClientEngine, NotebookExecutionManager
from papermill.exceptions import PapermillExecutionError
from papermill.iorw import papermill_io
from papermill.log import logger

from studio.worker.notebook_client import StudioNotebookClient
from studio.worker.notebook_observer import NotebookObserver
from studio.worker.notebook_text import notebook_text

DEFAULT_KERNEL: Final = "python3"
_CLIENT_OPTIONS: Final = frozenset(
    {
        "kernel_cwd",
        "kernel_env",
        "timeout_total",
        "cell_timeout",
        "limits",
        "strict",
        "cage",
        "opening",
    }
)


class ThrottledManager(NotebookExecutionManager):  # type: ignore[misc]
    """Papermill's manager, saving at the start, on an error and at the end, and seldom in between.

    Papermill saves twice a cell, 90 % of the time of a long notebook; here saves take at most a twentieth of it.
    """

    def __init__(self, nb: NotebookNode, *, save_every: float = 1.0, **kwargs: Any) -> None:
        super().__init__(nb, **kwargs)
        self.nb: NotebookNode
        self._save_every = save_every  # seconds
        self._not_before = 0.0  # monotonic seconds
        self._is_dirty = False
        self._cell_began = self.now()

    def save(self, **kwargs: Any) -> None:
        """Write the notebook if it is time to, else remember that it should be."""
        self.nb = kwargs.get("nb") or self.nb
        self._is_dirty = True
        if time.monotonic() < self._not_before:
            return
        begin = time.monotonic()
        if self.output_path:
            papermill_io.write(notebook_text(self.nb), self.output_path, [".ipynb"])
        now = time.monotonic()
        self._is_dirty = False
        self._not_before = now + max(self._save_every, 20 * (now - begin))

    def autosave_cell(self, **kwargs: Any) -> None:
        """Called after each message of the kernel."""
        self.save()

    def due_in(self) -> float | None:
        """Seconds until an unsaved change may be saved; None if there is none."""
        return max(0.0, self._not_before - time.monotonic()) if self._is_dirty else None

    def cell_exception(self, cell: NotebookNode, cell_index: int | None = None, **kwargs: Any) -> None:
        """Mark the cell and the notebook as failed; the save that follows happens."""
        super().cell_exception(cell, cell_index=cell_index, **kwargs)
        self._not_before = 0.0

    def cell_complete(self, cell: NotebookNode, cell_index: int | None = None, **kwargs: Any) -> None:
        """Papermill's, with the time of the start as this clock told it rather than parsed from its text."""
        noted = cell.metadata.papermill
        end = self.now()
        noted["end_time"] = end.isoformat()
        noted["duration"] = (end - self._cell_began).total_seconds()
        if noted["status"] != self.FAILED:
            noted["status"] = self.COMPLETED
        if self.log_output:
            logger.info("Ending Cell %s", "" if cell_index is None else cell_index + 1)
        self.save()
        if self.pbar:
            self.pbar.update(1)

    def cell_start(self, cell: NotebookNode, cell_index: int | None = None, **kwargs: Any) -> None:
        """Called before each cell."""
        self._cell_began = self.now()
        super().cell_start(cell, cell_index=cell_index, **kwargs)

    def notebook_complete(self, *, is_saved_next: bool = False, **kwargs: Any) -> None:
        """Close the books and save, unless papermill is about to."""
        self._not_before = float("inf") if is_saved_next else 0.0
        super().notebook_complete(**kwargs)


class StudioEngine(NBClientEngine):  # type: ignore[misc]
    """`papermill.execute_notebook(..., engine_name="studio", …)` with these extra arguments:

    observer: `NotebookObserver`, told what happens
    kernel_cwd, kernel_env: of the kernel (papermill's own `cwd` changes the directory of this whole process)
    timeout_total, cell_timeout: seconds for the whole notebook, and for each cell that does not say otherwise
    limits: `OutputLimits`; text beyond goes to the observer
    strict: a `!command` that fails fails its cell
    cage: what limits the kernel's memory and processes
    opening: the kernel, if it was asked for already (`studio.worker.kernels`)
    error_markers: False leaves papermill's two markdown cells out of a failed notebook, so that indices hold
    save_every: seconds between two saves at least
    """

    @classmethod
    def execute_notebook(
        cls,
        nb: NotebookNode,
        kernel_name: str,
        output_path: str | None = None,
        progress_bar: bool | dict[str, Any] = True,
        log_output: bool = False,
        autosave_cell_every: float = 30,
        *,
        observer: NotebookObserver | None = None,
        error_markers: bool = True,
        save_every: float = 1.0,
        **kwargs: Any,
    ) -> NotebookNode:
        """Execute `nb` in place and return it, saved to `output_path` whatever happens."""
        observer = observer or NotebookObserver()
        manager = ThrottledManager(
            nb,
            output_path=output_path,
            progress_bar=progress_bar,
            log_output=log_output,
            save_every=save_every,
        )
        manager.notebook_start()
        observer.notebook_started(nb)
        is_through = False
        try:
            cls.execute_managed_notebook(
                manager, kernel_name, log_output=log_output, observer=observer, **kwargs
            )
            is_through = True
        finally:
            manager.cleanup_pbar()
            observer.notebook_ends(nb)
            manager.notebook_complete(is_saved_next=is_through and not nb.metadata.papermill.exception)
        if not error_markers:
            _raise_first_failure(manager.nb)
        return nb

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        log_output: bool = False,
        stdout_file: Any = None,
        stderr_file: Any = None,
        start_timeout: int = 60,
        execution_timeout: int | None = None,
        *,
        observer: NotebookObserver | None = None,
        **kwargs: Any,
    ) -> Any:
        """Run the cells in a kernel of their own."""
        known = _CLIENT_OPTIONS | set(StudioNotebookClient.class_traits())
        options: dict[str, Any] = {name: value for name, value in kwargs.items() if name in known}
        if execution_timeout:
            options["timeout"] = execution_timeout
        client = StudioNotebookClient(
            nb_man,
            observer=observer,
            kernel_name=kernel_name,
            log=logger,
            startup_timeout=start_timeout,
            log_output=log_output,
            stdout_file=stdout_file,
            stderr_file=stderr_file,
            **options,
        )
        client.execute()
        return nb_man.nb

    @classmethod
    def nb_kernel_name(cls, nb: NotebookNode, name: str | None = None) -> str:
        """The notebook's kernel; one without a kernelspec gets ipykernel's."""
        return str(name or nb.metadata.get("kernelspec", {}).get("name") or DEFAULT_KERNEL)

    @classmethod
    def nb_language(cls, nb: NotebookNode, language: str | None = None) -> str:
        """The notebook's language; one that says nothing is Python."""
        return language or language_in(nb.metadata)


def language_in(metadata: Mapping[str, Any]) -> str:
    """The language that a notebook's metadata names, in its own spelling; "python" if it names none."""
    return str(
        metadata.get("language_info", {}).get("name")
        or metadata.get("kernelspec", {}).get("language")
        or "python"
    )


def _raise_first_failure(nb: NotebookNode) -> None:
    """Papermill's `raise_for_execution_errors` without rewriting the notebook."""
    for index, cell in enumerate(nb.cells):
        if not cell.metadata.get("papermill", {}).get("exception"):
            continue
        error = next((o for o in cell.get("outputs", []) if o.output_type == "error"), None)
        if error is not None and error.ename == "SystemExit" and error.evalue in ("", "0", "None"):
            return
        raise PapermillExecutionError(
            cell_index=index,
            exec_count=cell.execution_count,
            source=cell.source,
            ename=error.ename if error else "CellExecutionError",
            evalue=error.evalue if error else "",
            traceback=list(error.traceback) if error else [],
        )
