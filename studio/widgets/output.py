"""What a notebook task produced, shown in another notebook: live in JupyterLab, each cell's outputs elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from studio.api.models import TaskOutput
from studio.widgets.cells_html import outputs_html, outputs_text
from studio.widgets.live import with_twin
from studio.widgets.looks import look_of
from studio.widgets.views import MIME, Still, View, call_text


class OutputView:
    """The output of a task. In a notebook its rich outputs are displayed; `cells` has them as data.

    `dag_id` and `run_id` are where the server has it; then our front end follows it while the task runs.
    """

    def __init__(
        self, task_id: str, output: TaskOutput, *, dag_id: str | None = None, run_id: str | None = None
    ) -> None:
        self.task_id = task_id
        self.output = output
        self.dag_id = dag_id
        self.run_id = run_id

    @property
    def cells(self) -> list[Any]:
        """`studio.api.models.CellOutput`, in the order of the notebook."""
        return self.output.cells

    def __repr__(self) -> str:
        look = look_of(self.output.state.value)
        progress = f"{self.output.cells_done} of {self.output.cells_total} cells"
        where = "" if self.output.path is None else f", {self.output.path}"
        return f"<output of {self.task_id}: {look.label}, {progress}{where}>"

    def _ipython_display_(self) -> None:
        from IPython import display  # noqa: PLC0415 - heavy third party, there whenever this is called

        show: Callable[..., None] = display.publish_display_data
        if self.dag_id is not None and self.run_id is not None:
            show(with_twin(self.view(self.dag_id, self.run_id).bundle, "view", MIME)[0])
            return
        show({"text/plain": repr(self)})
        for cell in self.output.cells:
            for output in cell.outputs:
                match output["output_type"]:
                    case "display_data" | "execute_result":
                        show(output["data"], output.get("metadata", {}))
                    case "stream":
                        show({"text/plain": _joined(output["text"])})
                    case "error":
                        show({"text/plain": "\n".join(output["traceback"])})

    def view(self, dag_id: str, run_id: str) -> View:
        """It as our front end shows it, and as it is now for all others."""
        call = call_text("studio.connect().get_output", dag_id, run_id, self.task_id)
        text = "\n".join(filter(None, [repr(self), outputs_text(self.cells)]))
        html = f"<p>{escape(repr(self))}</p>{outputs_html(self.cells)}"
        return View("output", dag_id, call, Still(html, text), run_id=run_id, task_id=self.task_id)


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)
