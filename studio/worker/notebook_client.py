"""Executes the cells of a notebook in a kernel of its own and tells an observer what happens, as it happens.

Papermill's client, event driven: the kernel's death is noticed at once, outputs are told while a cell runs, and are
cut as they arrive.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

from jupyter_core.utils import run_sync
from nbclient.exceptions import CellExecutionComplete, CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import output_from_msg
from papermill.clientwrap import PapermillNotebookClient

from studio.errors import StudioError
from studio.worker.cell_outputs import CellOutputs, OutputLimits, new_cell_output
from studio.worker.kernel_process import KernelFailed, KernelProcess

QUIET: Final = 0.15  # seconds between two tellings of growing outputs
_OUTPUT_MESSAGES: Final = frozenset(
    {"stream", "display_data", "execute_result", "update_display_data", "error", "clear_output", "comm_msg"}
)


class NotebookTimeout(StudioError):
    """The notebook took longer than it may."""

    code = "timeout"


class NotebookObserver:
    """Told of a notebook's execution, on the thread that executes it. Does nothing; subclasses override."""

    def notebook_started(self, notebook: NotebookNode) -> None:
        """Parameters are injected, outputs cleared, no kernel yet."""

    def kernel_started(self, pid: int, kernel_name: str) -> None:
        """The kernel answers."""

    def raised(self, output: NotebookNode) -> bool:
        """A cell has raised `output`, which is of type "error"; whether it ends the notebook early, as no error."""
        return False

    def cell_changed(
        self, index: int, cell: NotebookNode, state: str, started: float | None, duration: float | None
    ) -> None:
        """A code cell has another state or other outputs; `started` in epoch seconds, `duration` in seconds."""


class ExecutionManager(Protocol):
    """What the client needs of papermill's manager, and of ours if it is ours."""

    nb: NotebookNode

    def cell_start(self, cell: NotebookNode, cell_index: int | None = None) -> None: ...
    def cell_exception(self, cell: NotebookNode, cell_index: int | None = None) -> None: ...
    def cell_complete(self, cell: NotebookNode, cell_index: int | None = None) -> None: ...
    def autosave_cell(self) -> None: ...
    def due_in(self) -> float | None: ...


class StudioNotebookClient(PapermillNotebookClient):  # type: ignore[misc]
    """One execution of one notebook. `timeout_total`: seconds for the whole of it, kernel start included."""

    def __init__(
        self,
        nb_man: ExecutionManager,
        *,
        observer: NotebookObserver | None = None,
        kernel_cwd: str | None = None,
        kernel_env: dict[str, str] | None = None,
        timeout_total: float | None = None,
        limits: OutputLimits | None = None,
        overflow: Callable[[str], object] | None = None,
        **traits: Any,
    ) -> None:
        # A reply may overtake a long queue of outputs, so the wait for their end is long; a death ends it at once.
        super().__init__(nb_man, **{"iopub_timeout": 120, **traits})
        self._observer = observer or NotebookObserver()
        self._cwd = kernel_cwd
        self._env = kernel_env
        self._total = timeout_total
        self._limits = limits or OutputLimits()
        self._overflow = overflow
        self._deadline: float | None = None
        self._kernel: KernelProcess
        self._outputs: dict[int, CellOutputs] = {}
        self._cells: dict[int, tuple[str, float | None, float | None]] = {}  # state, started, duration
        self._messages = 0
        self._idle = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop
        self._untold: set[int] = set()
        self._tell_timer: asyncio.TimerHandle | None = None
        self._tell_after = 0.0  # loop time
        self._save_timer: asyncio.TimerHandle | None = None
        self.clear_before_next_output = False

    def execute(self, **kwargs: Any) -> Any:
        """Execute all cells. A cell's error ends it quietly, as papermill has it; see `NotebookObserver`.

        Raises `KernelFailed` and `NotebookTimeout`.
        """
        self.reset_execution_trackers()
        name = self.kernel_name or self.nb.metadata.get("kernelspec", {}).get("name") or "python3"
        self._deadline = time.monotonic() + self._total if self._total else None
        startup = min(float(self.startup_timeout), self._total or float("inf"))
        self._kernel = KernelProcess(name, cwd=self._cwd, env=self._env, startup_timeout=startup)
        try:
            self._run()
        finally:
            self._kernel.release()  # also when an exception, a signal's for one, tore the loop away
        return self.nb

    async def _async_run(self) -> None:
        self._loop = asyncio.get_running_loop()
        try:
            async with self._kernel as kernel:
                self.km: Any = kernel.manager
                self.kc: Any = kernel.client
                self._observer.kernel_started(kernel.pid, kernel.kernel_name)
                self.nb.metadata["language_info"] = kernel.info.get("language_info", {})
                await self._run_cells()
                self.set_widgets_metadata()
        finally:
            self.km = self.kc = None
            for timer in (self._tell_timer, self._save_timer):
                if timer is not None:
                    timer.cancel()

    _run = run_sync(_async_run)

    async def _run_cells(self) -> None:
        cells = list(enumerate(self.nb.cells))
        failed = False
        try:
            for index, cell in cells:
                self.nb_man.cell_start(cell, index)
                try:
                    if self._is_run(cell):
                        failed = not await self._run_cell(index, cell)
                finally:
                    self.nb_man.cell_complete(self.nb.cells[index], cell_index=index)
                if failed:
                    break
        finally:
            for index, cell in cells:
                if cell.cell_type == "code" and index not in self._cells:
                    self._state(index, cell, "skipped")

    def _is_run(self, cell: NotebookNode) -> bool:
        return bool(
            cell.cell_type == "code"
            and cell.source.strip()
            and self.skip_cells_with_tag not in cell.metadata.get("tags", [])
        )

    async def _run_cell(self, index: int, cell: NotebookNode) -> bool:
        """Run one cell; whether the notebook goes on after it."""
        started, clock = time.time(), time.perf_counter()
        self._outputs[index] = CellOutputs(self._limits, self._overflow)
        self._state(index, cell, "running", started)
        state = "failed"
        try:
            await self.async_execute_cell(cell, index)
            state = "success"
            return True
        except CellExecutionError as error:
            said = next((each for each in reversed(cell.outputs) if each.output_type == "error"), None)
            if said is not None and self._observer.raised(said):
                state = "success"
                return False
            self.nb_man.cell_exception(cell, cell_index=index)
            if error.ename == "SystemExit" and error.evalue in ("", "0", "None"):
                state = "success"  # papermill's rule: `sys.exit(0)` ends the notebook early, as a success
            return False
        except DeadKernelError as error:
            self._kernel.kill()
            failure = KernelFailed(f"The kernel died while this cell ran: {self._kernel.last_words()}")
            self._fail(index, cell, "KernelDied", failure.message)
            raise failure from error
        except CellTimeoutError as error:
            overtime = NotebookTimeout(
                f"The notebook took longer than the {self._total or 0:g} s it may take."
            )
            self._fail(index, cell, "NotebookTimeout", overtime.message)
            raise overtime from error
        finally:
            self._state(index, cell, state, started, time.perf_counter() - clock)

    def _fail(self, index: int, cell: NotebookNode, name: str, message: str) -> None:
        """Leave the reason in the notebook: the kernel could not."""
        text = f"{name}: {message}"
        cell.outputs.append(new_cell_output("error", ename=name, evalue=message, traceback=[text]))
        self.nb_man.cell_exception(cell, cell_index=index)

    # What comes from the kernel while a cell runs.

    def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> Any:
        """nbclient's hook for each iopub message of the running cell."""
        self._messages += 1
        kind = msg["msg_type"]
        shown_in = {cell_index}
        if kind == "update_display_data":
            self._outputs[cell_index].trim_data(msg["content"])
            display = (msg["content"].get("transient") or {}).get("display_id")
            shown_in = {at for at, places in self._display_id_map.get(display, {}).items() if places}
        try:
            return super().process_message(msg, cell, cell_index)
        except CellExecutionComplete:
            self._idle.set()
            raise
        finally:
            if kind in _OUTPUT_MESSAGES:
                self._grown(shown_in)

    def output(
        self, outs: list[NotebookNode], msg: dict[str, Any], display_id: str | None, cell_index: int
    ) -> Any:
        """nbclient's hook for each output; ours joins streams and keeps the limits."""
        if self.output_hook_stack[msg["parent_header"].get("msg_id")]:
            return super().output(outs, msg, display_id, cell_index)
        kept = self._outputs[cell_index]
        if self.clear_before_next_output:
            outs[:] = []
            self.clear_display_id_mapping(cell_index)
            self.clear_before_next_output = False
            kept.cleared()
        content = msg["content"]
        if msg["msg_type"] == "stream":
            kept.add_stream(outs, content["name"], content["text"])
            return output_from_msg(msg)  # type: ignore[no-untyped-call]  # what papermill logs
        if msg["msg_type"] == "error":
            kept.trim_error(content)
        elif "data" in content:
            kept.trim_data(content)
        return super().output(outs, msg, display_id, cell_index)

    def clear_output(self, outs: list[NotebookNode], msg: dict[str, Any], cell_index: int) -> None:
        """nbclient's hook for `clear_output()`."""
        super().clear_output(outs, msg, cell_index)
        if not outs:
            self._outputs[cell_index].cleared()

    # Telling: at once when a state changes, now and then while outputs grow.

    def _state(
        self,
        index: int,
        cell: NotebookNode,
        state: str,
        started: float | None = None,
        duration: float | None = None,
    ) -> None:
        self._cells[index] = (state, started, duration)
        self._untold.add(index)
        self._tell()

    def _grown(self, indices: set[int]) -> None:
        self._untold |= indices
        if self._tell_timer is None and self._untold:
            wait = self._tell_after - self._loop.time()
            if wait <= 0:
                self._tell()
            else:
                self._tell_timer = self._loop.call_later(wait, self._tell)
        due = self.nb_man.due_in()
        if due is not None and self._save_timer is None:
            self._save_timer = self._loop.call_later(due, self._save)

    def _tell(self) -> None:
        if self._tell_timer is not None:
            self._tell_timer.cancel()
            self._tell_timer = None
        begin, size = self._loop.time(), 0
        for index in sorted(self._untold):
            state, started, duration = self._cells[index]
            self._observer.cell_changed(index, self.nb.cells[index], state, started, duration)
            size += self._outputs[index].size if index in self._outputs else 0
        self._untold.clear()
        # Large outputs are told less often: a tenth of the time here, 4 MB/s for whoever listens.
        now = self._loop.time()
        self._tell_after = now + max(QUIET, 10 * (now - begin), size / 4e6)

    def _save(self) -> None:
        self._save_timer = None
        self.nb_man.autosave_cell()

    # The end of a cell that does not end by itself.

    def _get_timeout(self, cell: NotebookNode | None) -> float | None:
        limits = [self._deadline - time.monotonic()] if self._deadline is not None else []
        if self.timeout and self.timeout > 0:
            limits.append(float(self.timeout))
        return max(0.001, min(limits)) if limits else None

    async def _async_handle_timeout(self, timeout: float, cell: NotebookNode | None = None) -> None:
        """Interrupt the cell, so that its traceback shows where it stood; then give up."""
        self._idle.clear()
        await self._kernel.interrupt()
        try:
            await asyncio.wait_for(self._idle.wait(), 0.5)
        except asyncio.TimeoutError:
            self._kernel.hopeless = True
        raise CellTimeoutError("cell execution timed out")

    async def _async_poll_kernel_alive(self) -> None:
        await self._kernel.dead.wait()
        seen, tries = -1, 0
        while seen != self._messages and tries < 40:  # its last words may still be in the sockets
            seen, tries = self._messages, tries + 1
            await asyncio.sleep(0.05)
        if self.task_poll_for_reply is not None:
            self.task_poll_for_reply.cancel()

    async def _async_check_alive(self) -> None:
        if self._kernel.dead.is_set():
            raise DeadKernelError("Kernel died")
