"""What a task of a marked cell does: it executes the notebook that was made of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.core.notebook_format import parse_notebook
from studio.core.notebook_parameters import NotebookParameters


@dataclass(frozen=True, slots=True)
class CellWork:
    """Execute `content`, an .ipynb."""

    cell: str  # the name of the %%task cell
    content: bytes
    path: Path | None  # of the notebook that holds the cell; None: it has not told its name
    directory: Path  # of the kernel
    parameters: Mapping[str, Any]
    settings: Mapping[str, Any]  # of `studio.authoring.notebook_options`
    loads: tuple[str, ...] = ()  # mapped tasks whose values a mapped task loads

    kind = "notebook"
    label = "cell"

    def config(self, sources: dict[str, bytes], *, is_mapped: bool) -> dict[str, Any]:
        """Takes the notebook into `sources`."""
        digest = hashlib.sha256(self.content).hexdigest()
        sources[digest] = self.content
        config: dict[str, Any] = {"cell": self.cell, "digest": digest, "cwd": str(self.directory)}
        if self.path is not None:
            config["path"] = str(self.path)
        if self.loads:
            config["loads"] = [{"$output": task_id} for task_id in self.loads]
        config["parameters"] = self._parameters().check_written(self.parameters)
        return {**config, **self.settings}

    def check_mapped(self, arguments: Iterable[str]) -> None:
        self._parameters().check_names(dict.fromkeys(arguments))

    def _parameters(self) -> NotebookParameters:
        return NotebookParameters(parse_notebook(self.content, self.cell), f"The cell %%task {self.cell}")
