"""Executes the cells of a notebook in a kernel of its own and tells an observer what happens, as it happens.

Papermill's client, event driven: the kernel's death is noticed at once. Here is the order of things, and how a cell
ends; what a kernel sends meanwhile is for `notebook_messages`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final, Protocol

from jupyter_core.utils import run_sync
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from studio.core.cell_tags import CellControl, control_of
from studio.worker.cell_metadata import own_metadata
from studio.worker.cell_outputs import CellOutputs, OutputLimits, new_cell_output
from studio.worker.cell_resources import Meter, meter_of
from studio.worker.cell_telling import CellStanding
from studio.worker.kernel_process import KernelProcess
from studio.worker.kernel_questions import condition, make_strict, probe
from studio.worker.kernels import Kernels, OpenKernel
from studio.worker.notebook_messages import ExecutionManager, ReceivingClient
from studio.worker.notebook_observer import ConditionFailed, KernelDied
from studio.worker.time_limits import TimeLimits

_GRACE: Final = 2.0  # seconds from the interrupt of a cell that took too long to the end of its kernel
_RUN_FACTS: Final = ("cpu", "peak_memory", "skipped")  # what we write into a cell's `metadata.studio`
_EXIT_ZERO: Final = ("", "0", "None")  # of SystemExit


class KernelCage(Protocol):
    """What limits the kernel and all that it starts: see `studio.worker.cage`."""

    def add(self, pid: int) -> None: ...


class StudioNotebookClient(ReceivingClient):
    """One execution of one notebook.

    `timeout_total`: seconds for the whole of it, kernel start included; `cell_timeout`: for each cell that says
    nothing else; `strict`: a `!command` that fails fails its cell; `cage`: the kernel is put into it; `opening`: the
    kernel, if it was asked for already.
    """

    def __init__(
        self,
        nb_man: ExecutionManager,
        *,
        kernel_cwd: str | None = None,
        kernel_env: dict[str, str] | None = None,
        timeout_total: float | None = None,
        cell_timeout: float | None = None,
        strict: bool = False,
        cage: KernelCage | None = None,
        opening: OpenKernel | None = None,
        **more: Any,
    ) -> None:
        super().__init__(nb_man, **more)
        self._opening = opening
        self._cwd = kernel_cwd
        self._env = kernel_env
        self._total = timeout_total
        self._cell_timeout = cell_timeout
        self._strict = strict
        self._cage = cage
        self._kernel: KernelProcess
        self._meter: Meter
        self._time: TimeLimits
        self._is_python = False
        self._asked_to_exit = False
        self.on_cell_executed = self._executed

    def execute(self, **kwargs: Any) -> Any:
        """Execute all cells. A cell's error ends it quietly, as papermill has it; see `NotebookObserver`.

        Raises `KernelFailed`, `NotebookTimeout`, `CellTimeout` and `ConditionFailed`.
        """
        self.reset_execution_trackers()
        name = self.kernel_name or self.nb.metadata.get("kernelspec", {}).get("name") or "python3"
        self._time = TimeLimits(self._total, self._cell_timeout or self.timeout)
        startup = min(float(self.startup_timeout), self._total or float("inf"))
        is_ours = self._opening is None
        if self._opening is None:
            self._opening = Kernels().open(name, cwd=self._cwd, env=self._env)
        self._opening.startup_timeout = startup
        try:
            self._run()
        finally:
            if is_ours:
                self._opening.release()  # also when an exception, a signal's for one, tore the loop away
        return self.nb

    async def _async_run(self) -> None:
        try:
            assert self._opening is not None
            async with self._opening as self._kernel:
                kernel = self._kernel
                self.km: Any = kernel.manager
                self.kc: Any = kernel.client
                if self._cage is not None:
                    self._cage.add(kernel.pid)
                self._meter = meter_of(kernel.pid)
                try:
                    self._describe(kernel)
                    if self._strict:
                        await self._become_strict()
                    await self._run_cells()
                    self.set_widgets_metadata()
                    if (
                        self._is_python
                        and not kernel.is_forked
                        and not kernel.hopeless
                        and not self._asked_to_exit
                    ):
                        self._observer.kernel_probed(await probe(kernel))
                finally:
                    await self._stop_receiving()
                    self._observer.kernel_used(self._meter.total())
                    self._meter.close()
            if self._kernel.farewell:
                self._observer.kernel_probed(self._kernel.farewell)
        finally:
            self.km = self.kc = None
            self._stop_telling()
            if self._room.is_truncated:
                self._observer.truncated()

    _run = run_sync(_async_run)

    def _describe(self, kernel: KernelProcess) -> None:
        language = kernel.info.get("language_info", {})
        self._is_python = str(language.get("name", "")).lower() == "python"
        self.nb.metadata["language_info"] = language
        self._observer.kernel_started(kernel.pid, kernel.kernel_name)
        self._observer.kernel_described(kernel.display_name, kernel.info, kernel.is_forked)
        if self._opening is not None and self._opening.attachable and kernel.connection_file:
            self._observer.noted(
                "INFO",
                "Other Jupyter clients can connect to the kernel until the task ends: "
                f"jupyter console --existing {kernel.connection_file}",
            )

    async def _become_strict(self) -> None:
        problem = await make_strict(self._kernel) if self._is_python else "it is no Python kernel"
        if problem:
            self._observer.noted("WARNING", f"`strict` has no effect in this kernel: {problem}.")

    async def _run_cells(self) -> None:
        cells = list(enumerate(self.nb.cells))
        try:
            for index, cell in cells:
                self.nb_man.cell_start(cell, index)
                goes_on = True
                try:
                    if cell.cell_type == "code" and cell.source.strip():
                        goes_on = await self._run_if_due(index, cell)
                finally:
                    self.nb_man.cell_complete(self.nb.cells[index], cell_index=index)
                if not goes_on:
                    break
        finally:
            for index, cell in cells:
                if cell.cell_type == "code" and index not in self._telling:
                    self._telling.changed(index, CellStanding("skipped"))

    async def _run_if_due(self, index: int, cell: NotebookNode) -> bool:
        """Run one cell if it is to be run; whether the notebook goes on after it."""
        metadata = cell.metadata
        if "studio" in metadata:  # of an executed notebook that is executed again
            for name in _RUN_FACTS:
                own_metadata(cell).pop(name, None)
        control = control_of(cell, index) if metadata else CellControl()
        if control.skip or self.skip_cells_with_tag in metadata.get("tags", ()):
            return self._skip(index, cell, "it has the tag `skip`")
        if control.only_if is not None:
            is_due = await self._is_due(index, cell, control)
            if is_due == control.negated:
                state = "true" if is_due else "not true"
                return self._skip(index, cell, f"`{control.only_if}` is {state}")
        return await self._run_cell(index, cell)

    def _skip(self, index: int, cell: NotebookNode, why: str) -> bool:
        own_metadata(cell)["skipped"] = why
        self._telling.changed(index, CellStanding("skipped"))
        self._observer.noted("INFO", f"The cell at index {index} is skipped: {why}.")
        return True

    async def _is_due(self, index: int, cell: NotebookNode, control: CellControl) -> bool:
        """Whether the cell's condition is true. Raises `ConditionFailed`, `KernelDied` and those of time."""
        failure: Exception
        expression = control.only_if or ""
        try:
            return await condition(self._kernel, expression, self._is_python, self._get_timeout(cell))
        except ConditionFailed as error:
            failure = ConditionFailed(
                f"Whether the cell at index {index} is to be run cannot be found out: {error.message}"
            )
        except DeadKernelError:
            failure = self._death()
        except TimeoutError:
            self._time.has_run_out()
            self._kernel.hopeless = True
            failure = self._time.failure(index, cell)
        self._standing(index, "failed")
        self._fail(index, cell, failure)
        raise failure

    async def _run_cell(self, index: int, cell: NotebookNode) -> bool:
        """Run one cell; whether the notebook goes on after it."""
        started, clock = time.time(), time.perf_counter()
        self._begin(index)
        self._standing(index, "running", started)
        self._meter.begin()
        state = "failed"
        try:
            await self.async_execute_cell(cell, index)
            state = "success"
            return not self._asked_to_exit
        except CellExecutionError as error:
            said = next((each for each in reversed(cell.outputs) if each.output_type == "error"), None)
            if said is None:  # some errors cannot be shown, of half a surrogate pair for one
                said = new_cell_output("error", **_content_of(error))
                cell.outputs.append(said)
            if self._observer.raised(self._raised or said.traceback):
                said.traceback = said.traceback[:1]
                state = "success"
                return False
            self.nb_man.cell_exception(cell, cell_index=index)
            if error.ename == "SystemExit" and error.evalue in _EXIT_ZERO:
                state = "success"  # papermill's rule: `sys.exit(0)` ends the notebook early, as a success
            return False
        except DeadKernelError as error:
            failure: Exception = self._death()
            self._fail(index, cell, failure)
            raise failure from error
        except CellTimeoutError as error:
            failure = self._time.failure(index, cell)
            self._fail(index, cell, failure)
            raise failure from error
        finally:
            duration = time.perf_counter() - clock
            usage = self._meter.used()
            if facts := usage.as_json():
                own_metadata(cell).update(facts)
            self._standing(index, state, started, duration, usage)

    def _executed(self, cell: NotebookNode, cell_index: int, execute_reply: Mapping[str, Any]) -> None:
        """nbclient's hook after each cell: `exit()` and `quit()` are no errors, they ask the client to end."""
        payload = execute_reply["content"].get("payload") or ()
        self._asked_to_exit = any(each.get("source") == "ask_exit" for each in payload)

    def _death(self) -> KernelDied:
        self._kernel.kill()
        said = f"The kernel died while this cell ran: {self._kernel.last_words()}"
        return KernelDied(said, exit_code=self._kernel.exit_code)

    def _fail(self, index: int, cell: NotebookNode, failure: Exception) -> None:
        """Leave the reason in the notebook: the kernel could not."""
        name, message = type(failure).__name__, getattr(failure, "message", str(failure))
        text = f"{name}: {message}"
        cell.outputs.append(new_cell_output("error", ename=name, evalue=message, traceback=[text]))
        self.nb_man.cell_exception(cell, cell_index=index)
        self._observer.noted("ERROR", text)

    # The end of a cell that does not end by itself.

    def _get_timeout(self, cell: NotebookNode | None) -> float | None:
        """nbclient's hook for the seconds it waits."""
        return self._time.left(cell)

    async def _async_handle_timeout(self, timeout: float, cell: NotebookNode | None = None) -> None:
        """Interrupt the cell, so that its traceback shows where it stood; then give up."""
        self._time.has_run_out()
        self._idle.clear()
        await self._kernel.interrupt()
        try:
            await asyncio.wait_for(self._idle.wait(), _GRACE)
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


def _content_of(error: CellExecutionError) -> dict[str, Any]:
    """What the reply says of it, in the form of an output."""
    content = {"ename": error.ename, "evalue": error.evalue, "traceback": str(error.traceback).split("\n")}
    CellOutputs(OutputLimits()).trim_error(content)
    return content
