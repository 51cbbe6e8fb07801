"""Executed notebooks as pages and PDFs."""

from __future__ import annotations

import os
import re
from typing import Final

from studio.core.model import Attempt
from studio.core.names import shown
from studio.core.states import ATTEMPT_TERMINAL
from studio.errors import InvalidInput, NotFound
from studio.exports import FORMATS, Format
from studio.server.answers import FileAnswer
from studio.server.lookup import find_attempt, find_task
from studio.server.notebook_file import MAX_FILE, OUTPUT
from studio.server.request import Request
from studio.server.services import Services

_MEDIA: Final[dict[Format, str]] = {"html": "text/html; charset=utf-8", "pdf": "application/pdf"}


async def export_task(request: Request, services: Services) -> FileAnswer:
    """Of an attempt that runs, what is there so far."""
    form = _format(request.query.get("format", "html"))
    run, task = await find_task(services, request)
    attempt = await find_attempt(services, task, request.try_number)
    if attempt is None or (path := services.outputs.output_path(attempt)) is None:
        raise NotFound(f"The task {shown(task.task_id)} has no output notebook yet.")
    if (size := path.stat().st_size) > MAX_FILE:
        raise NotFound(f"The {OUTPUT} of this try has {size} bytes, too many to show.")
    title = f"{run.dag_id} {task.task_id} {run.run_id}"
    content = await services.exports.export(
        path, form, is_final=attempt.state in ATTEMPT_TERMINAL, title=title, images=_folder_of(attempt)
    )
    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", title)[:150]
    return FileAnswer(content, _MEDIA[form], f"{name}.{form}", is_page=form == "html")


def _format(text: str) -> Format:
    found = next((form for form in FORMATS if form == text), None)
    if found is None:
        raise InvalidInput(f"format is {shown(text)}; it must be {' or '.join(FORMATS)}.", field="format")
    return found


def _folder_of(attempt: Attempt) -> str:
    """Where the author's notebook is, and with it the pictures that its Markdown names; "" if that is not known."""
    source = attempt.details.get("source")
    path = source.get("path") if isinstance(source, dict) else None
    return os.path.dirname(path) if isinstance(path, str) and os.path.isabs(path) else ""
