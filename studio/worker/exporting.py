"""What `export=` of a notebook task asks for: its executed notebook in other formats, once it has ended."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from studio.errors import StudioError
from studio.exports import FORMATS, Exports, file_name
from studio.worker.task import TaskRequest, TaskResult

OUTPUT = "output.ipynb"


class Log(Protocol):
    """Of the attempt: `studio.worker.task_log.TaskLog`."""

    def record(self, level: str, source: str, text: str) -> None: ...


def with_exports(result: TaskResult, request: TaskRequest, log: Log) -> TaskResult:
    """`result` with `details["exports"]`, if its task asks for exports: they never change how it ended."""
    formats = request.config.get("export") or ()
    if not formats:
        return result
    title = f"{request.dag_id} {request.task_id} {request.run_id}"
    made = export_after(
        request.directory, formats, log, title=title, images=os.path.dirname(str(request.config["path"]))
    )
    return msgspec.structs.replace(result, details={**result.details, "exports": made})


def export_after(
    directory: str, formats: Sequence[str], log: Log, *, title: str = "", images: str = ""
) -> dict[str, str]:
    """Each format with its file in the attempt's directory, or with what went wrong; empty without a notebook.

    Blocks for seconds. title, images: see `studio.exports.convert`.
    """
    return asyncio.run(_export(Path(directory, OUTPUT), formats, log, title, images))


async def _export(
    notebook: Path, formats: Sequence[str], log: Log, title: str, images: str
) -> dict[str, str]:
    exports = Exports()
    made: dict[str, str] = {}
    for form in FORMATS:
        if form in formats and notebook.is_file():
            try:
                await exports.export(notebook, form, is_final=True, title=title, images=images)
                made[form] = file_name(form)
            except (StudioError, OSError) as error:
                made[form] = str(error)
                log.record("WARNING", "studio", f"The export as {form} failed: {error}")
    return made
