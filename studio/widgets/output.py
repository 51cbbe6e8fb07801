"""What a notebook task produced, shown in another notebook: each cell's outputs, as Jupyter shows them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from studio.api.models import TaskOutput
from studio.widgets.looks import look_of


class OutputView:
    """The output of a task. In a notebook its rich outputs are displayed; `cells` has them as data."""

    def __init__(self, task_id: str, output: TaskOutput) -> None:
        self.task_id = task_id
        self.output = output

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


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)
