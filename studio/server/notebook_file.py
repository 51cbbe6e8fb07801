"""The output notebook of an attempt, read as cells. Blocking: call it in a thread."""

from __future__ import annotations

import json
import os
import stat
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal

import msgspec

from studio.api.models import CellOutput
from studio.core.hidden_cells import is_hidden
from studio.errors import NotFound

OUTPUT: Final = "output.ipynb"
MAX_FILE: Final = 100 * 1024 * 1024  # bytes

_CACHED: Final = 16  # notebooks
_LARGE: Final = 2 * 1024 * 1024  # bytes of a file that is not kept


def open_file(path: Path) -> BinaryIO:
    """A regular file of an attempt, to be closed. Raises `NotFound`, also for symlinks, pipes and the like."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise NotFound(f"There is no {path.name} of this try yet.") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotFound(f"The {path.name} of this try is no regular file.")
    return os.fdopen(descriptor, "rb")


def read_file(path: Path) -> bytes:
    """The content. Raises `NotFound`, also for symlinks."""
    with open_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > MAX_FILE:
            raise NotFound(f"The {path.name} of this try has {size} bytes, too many to show.")
        return file.read(MAX_FILE)


class NotebookFiles:
    """Reads output notebooks; keeps the last few as long as their file has not changed."""

    def __init__(self) -> None:
        self._cache: OrderedDict[Path, tuple[tuple[int, int], list[CellOutput]]] = OrderedDict()

    def cells(self, path: Path, *, ended: bool) -> list[CellOutput]:
        """The cells of the notebook; empty if there is none. `ended`: its attempt is over."""
        try:
            status = path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            known = self._cache.get(path)
            if known is None or known[0] != stamp:
                known = (stamp, cells_of(json.loads(read_file(path))))
                if status.st_size > _LARGE:
                    self._cache.pop(path, None)
                else:
                    self._cache[path] = known
                while len(self._cache) > _CACHED:
                    self._cache.popitem(last=False)
        except (OSError, NotFound, ValueError):
            return []  # not there, or just being written: what is known otherwise is shown
        return [_at_rest(cell) for cell in known[1]] if ended else known[1]


def cells_of(notebook: Any) -> list[CellOutput]:
    """Cells of a parsed .ipynb, whatever else is wrong with it."""
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        return []
    return [_cell(index, cell) for index, cell in enumerate(cells) if isinstance(cell, dict)]


def text_of(source: Any) -> str:
    """nbformat's text: a string or a list of lines."""
    return "".join(map(str, source)) if isinstance(source, list) else str(source or "")


def _cell(index: int, cell: dict[str, Any]) -> CellOutput:
    metadata = cell.get("metadata")
    papermill = metadata.get("papermill") if isinstance(metadata, dict) else None
    noted: dict[str, Any] = papermill if isinstance(papermill, dict) else {}
    outputs = [_joined(output) for output in cell.get("outputs") or [] if isinstance(output, dict)]
    count, duration = cell.get("execution_count"), noted.get("duration")
    studio = metadata.get("studio") if isinstance(metadata, dict) else None
    used: dict[str, Any] = studio if isinstance(studio, dict) else {}
    memory = _number(used.get("peak_memory"))
    return CellOutput(
        index=index,
        cell_type=str(cell.get("cell_type", "raw")),
        source=text_of(cell.get("source")),
        state="skipped" if used.get("skipped") else _state(cell, noted, outputs),
        execution_count=count if isinstance(count, int) else None,
        outputs=outputs,
        duration=_number(duration),
        cpu=_number(used.get("cpu")),
        peak_memory=None if memory is None else int(memory),
        hidden=is_hidden(cell),
    )


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and abs(value) < 2**53 else None


def _joined(output: dict[str, Any]) -> dict[str, Any]:
    """An output as it was while it ran: the file holds text as lists of lines, except in JSON."""
    data = output.get("data")
    if isinstance(data, dict):
        lines = {mime for mime, value in data.items() if isinstance(value, list) and "json" not in mime}
        return {**output, "data": {mime: text_of(v) if mime in lines else v for mime, v in data.items()}}
    return {**output, "text": text_of(output["text"])} if "text" in output else output


def _state(
    cell: dict[str, Any], noted: dict[str, Any], outputs: list[dict[str, Any]]
) -> Literal["waiting", "running", "success", "failed", "skipped"]:
    """Papermill notes a status for each cell; a cell without a note is judged by what it holds."""
    if cell.get("cell_type") != "code":
        return "success"
    failed = any(output.get("output_type") == "error" for output in outputs)
    if noted.get("exception") or (failed and noted.get("status") != "completed"):
        return "failed"
    if noted.get("status") == "running":
        return "running"
    if noted.get("status") == "completed" and noted.get("start_time", "") is None:
        return "skipped"  # the notebook ended before it
    if noted.get("status") == "completed" or cell.get("execution_count") is not None:
        return "success"  # also with an error in its output: the cell allows it
    return "waiting"


def _at_rest(cell: CellOutput) -> CellOutput:
    """A cell after its attempt ended: what waited was skipped, what ran was cut off."""
    match cell.state:
        case "waiting":
            return msgspec.structs.replace(cell, state="skipped")
        case "running":
            return msgspec.structs.replace(cell, state="failed")
        case _:
            return cell
