"""What `copy_to=` of a notebook task asks for: its executed notebook, and its exports, where people look for them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

import msgspec

from studio.exports import file_name
from studio.worker.exporting import OUTPUT, Log
from studio.worker.task import TaskRequest, TaskResult

_PARTIAL: Final = ".partial"  # a name that nobody takes for a report, until all of it is there


def with_copies(result: TaskResult, request: TaskRequest, folder: str, stem: str, log: Log) -> TaskResult:
    """`result` with `details["copies"]`, the absolute paths: `<folder>/<stem>.ipynb` and one for each export.

    A copy from an earlier run that has the same name is replaced, as a whole. What cannot be copied is told in the
    log; that never changes how the task ended.
    """
    made = result.details.get("exports") or {}
    # Of an export that failed the details tell why, instead of its file.
    wanted = {
        OUTPUT: ".ipynb",
        **{file_name(form): f".{form}" for form in made if made[form] == file_name(form)},
    }
    copies: list[str] = []
    for name, ending in wanted.items():
        source, target = Path(request.directory, name), Path(folder, stem + ending)
        if not source.is_file():  # it failed before there was a notebook
            continue
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_name(f".{target.name}{_PARTIAL}-{request.attempt_id}")
            shutil.copyfile(source, partial)
            os.replace(partial, target)
        except OSError as error:
            log.record(
                "WARNING", "studio", f"{name} could not be copied to {target}: {error.strerror or error}."
            )
        else:
            copies.append(str(target))
    return msgspec.structs.replace(result, details={**result.details, "copies": copies})
