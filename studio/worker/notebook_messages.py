"""What a kernel sends while cells run: outputs kept, told and saved as they come. nbclient's hooks for messages."""

from __future__ import annotations

import asyncio
from typing import Any, Final, Protocol

from nbclient.exceptions import CellExecutionComplete
from nbformat import NotebookNode
from nbformat.v4 import output_from_msg
from papermill.clientwrap import PapermillNotebookClient

from studio.outcomes import MARK
from studio.secrets.access import current_masker
from studio.worker.cell_outputs import CellOutputs, OutputLimits, OutputRoom
from studio.worker.cell_resources import UNKNOWN, Usage
from studio.worker.cell_telling import CellStanding, CellTelling
from studio.worker.notebook_observer import NotebookObserver

_OUTPUT_MESSAGES: Final = frozenset(
    {"stream", "display_data", "execute_result", "update_display_data", "error", "clear_output", "comm_msg"}
)


class ExecutionManager(Protocol):
    """What the client needs of papermill's manager, and of ours if it is ours."""

    nb: NotebookNode

    def cell_start(self, cell: NotebookNode, cell_index: int | None = None) -> None: ...
    def cell_exception(self, cell: NotebookNode, cell_index: int | None = None) -> None: ...
    def cell_complete(self, cell: NotebookNode, cell_index: int | None = None) -> None: ...
    def autosave_cell(self) -> None: ...
    def due_in(self) -> float | None: ...


class ReceivingClient(PapermillNotebookClient):  # type: ignore[misc]
    """Papermill's client as far as it receives: outputs within their limits, telling, saving."""

    def __init__(
        self,
        nb_man: ExecutionManager,
        *,
        observer: NotebookObserver | None = None,
        limits: OutputLimits | None = None,
        **traits: Any,
    ) -> None:
        # A reply may overtake a long queue of outputs, so the wait for their end is long; a death ends it at once.
        super().__init__(nb_man, **{"iopub_timeout": 120, **traits})
        self._observer = observer or NotebookObserver()
        self._limits = limits or OutputLimits()
        self._room = OutputRoom(self._limits.notebook)
        self._outputs: dict[int, CellOutputs] = {}
        self._telling = CellTelling(self._observer, lambda: self.nb.cells, self._size_of)
        self._messages = 0
        self._masker = current_masker()
        self._unended: dict[
            str, dict[str, Any]
        ] = {}  # stream → the message of a line that may hold half a secret
        self._receiving: asyncio.Task[Any] | None = None
        self._idle = asyncio.Event()
        self._raised: list[str] = []  # the traceback of the cell's error that says how the task ends, uncut
        self._save_timer: asyncio.TimerHandle | None = None
        self.clear_before_next_output = False

    def _begin(self, index: int) -> None:
        """A cell begins."""
        self._outputs[index] = CellOutputs(self._limits, self._observer.spilled, self._room)
        self._raised = []

    async def _stop_receiving(self) -> None:
        """Of a cell that did not end as cells do nbclient leaves a task behind."""
        task = self._receiving
        if task is not None and not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=1.0)

    def _stop_telling(self) -> None:
        self._telling.stop()
        if self._save_timer is not None:
            self._save_timer.cancel()

    async def _async_poll_output_msg(self, parent_msg_id: str, cell: NotebookNode, cell_index: int) -> None:
        """nbclient's, but what belongs to no running cell is not lost: threads of earlier cells speak late."""
        self._receiving = asyncio.current_task()
        while True:
            message = await self.kc.iopub_channel.get_msg(timeout=None)
            if message["parent_header"].get("msg_id") == parent_msg_id:
                try:
                    self.process_message(message, cell, cell_index)
                except CellExecutionComplete:
                    return
            elif message["msg_type"] == "studio_log":
                self._observer.logged(message["content"])
            elif message["msg_type"] == "stream":
                self._observer.spilled(message["content"]["name"], message["content"]["text"])

    def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> Any:
        """nbclient's hook for each iopub message of the running cell."""
        self._messages += 1
        kind = msg["msg_type"]
        if self._masker and kind in _OUTPUT_MESSAGES:  # before anything is cut
            masked = self._whole_lines(msg) if kind == "stream" else msg
            if masked is None:
                return None
            msg = {**masked, "content": self._masker.value(masked["content"])}
        if kind == "studio_log":
            self._observer.logged(msg["content"])
            return None
        shown_in = {cell_index}
        if kind == "update_display_data":
            self._outputs[cell_index].trim_update(msg["content"])
            display = (msg["content"].get("transient") or {}).get("display_id")
            shown_in = {at for at, places in self._display_id_map.get(display, {}).items() if places}
        try:
            return super().process_message(msg, cell, cell_index)
        except CellExecutionComplete:
            self._idle.set()
            self._end_lines(cell, cell_index)
            raise
        finally:
            if kind in _OUTPUT_MESSAGES:
                self._telling.grown(shown_in)
                self._save_soon()

    def _whole_lines(self, msg: dict[str, Any]) -> dict[str, Any] | None:
        """The message with what was held back and without the line that it begins; None if that is all."""
        content = msg["content"]
        before = self._unended.pop(content["name"], None)
        text = (before["content"]["text"] if before else "") + content["text"]
        lines, end, rest = text.rpartition("\n")
        if rest:
            self._unended[content["name"]] = {**msg, "content": {**content, "text": rest}}
        return {**msg, "content": {**content, "text": lines + end}} if end else None

    def _end_lines(self, cell: NotebookNode, cell_index: int) -> None:
        held, self._unended = self._unended, {}
        for msg in held.values():
            content = {**msg["content"], "text": self._masker.text(msg["content"]["text"])}
            self.output(cell.outputs, {**msg, "content": content}, None, cell_index)
            self._telling.grown({cell_index})

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
            if content["traceback"] and content["traceback"][0].startswith(MARK):
                self._raised = list(content["traceback"])
            if not kept.admit_error(content):
                return None
        elif "data" in content and not kept.admit_data(content):
            return None
        return super().output(outs, msg, display_id, cell_index)

    def clear_output(self, outs: list[NotebookNode], msg: dict[str, Any], cell_index: int) -> None:
        """nbclient's hook for `clear_output()`."""
        super().clear_output(outs, msg, cell_index)
        if not outs:
            self._outputs[cell_index].cleared()

    # Telling and saving.

    def _standing(
        self,
        index: int,
        state: str,
        started: float | None = None,
        duration: float | None = None,
        usage: Usage = UNKNOWN,
    ) -> None:
        self._telling.changed(index, CellStanding(state, started, duration, usage))

    def _size_of(self, index: int) -> int:
        return self._outputs[index].size if index in self._outputs else 0

    def _save_soon(self) -> None:
        due = self.nb_man.due_in()
        if due is not None and self._save_timer is None:
            self._save_timer = asyncio.get_running_loop().call_later(due, self._save)

    def _save(self) -> None:
        self._save_timer = None
        self.nb_man.autosave_cell()
