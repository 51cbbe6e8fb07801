"""Logs of tasks: their records, and the whole as text."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

from studio.api import models as m
from studio.core.model import Attempt
from studio.core.names import nearest, shown
from studio.core.states import ATTEMPT_TERMINAL
from studio.errors import InvalidInput, NotFound
from studio.server.answers import StreamedFile
from studio.server.log_file import LogQuery, log_size, log_text, read_log
from studio.server.lookup import find_attempt, find_task
from studio.server.request import Request
from studio.server.services import Services
from studio.worker.task_log import LEVELS

DEFAULT_TAIL: Final = 1000  # records
MAX_TAIL: Final = 5000  # records
MAX_OFFSET: Final = 999_999_999  # bytes; a log is shorter
MAX_SEARCH: Final = 1000  # characters


async def get_log(request: Request, services: Services) -> m.TaskLog:
    query = _query(request)
    _, task = await find_task(services, request)
    attempt = await find_attempt(services, task, request.try_number)
    if attempt is None:
        return m.TaskLog(
            attempt_id=None, try_number=0, records=[], start=0, end=0, size=0, truncated=False, ended=False
        )
    page = await asyncio.to_thread(read_log, _paths(services, attempt), query)
    return m.TaskLog(
        attempt_id=attempt.id,
        try_number=attempt.try_number,
        records=page.records,
        start=page.start,
        end=page.end,
        size=page.size,
        truncated=page.truncated,
        ended=attempt.state in ATTEMPT_TERMINAL,  # as it was before the file was read
    )


async def get_log_text(request: Request, services: Services) -> StreamedFile:
    _, task = await find_task(services, request)
    attempt = await find_attempt(services, task, request.try_number)
    paths = [] if attempt is None else _paths(services, attempt)
    if not await asyncio.to_thread(log_size, paths):
        raise NotFound(f"The log of the task {shown(task.task_id)} is empty so far.")
    return StreamedFile(_text(paths), "text/plain; charset=utf-8", f"{task.task_id[:150]}.log")


async def _text(paths: Sequence[Path]) -> AsyncIterator[bytes]:
    position = 0
    while True:
        text, position = await asyncio.to_thread(log_text, paths, position)
        if not text:
            return
        yield text


def _paths(services: Services, attempt: Attempt) -> list[Path]:
    return services.logs.paths(attempt.directory)


def _query(request: Request) -> LogQuery:
    given = request.query
    text = given.get("level", "debug")
    level = next((level for level in LEVELS if level == text.upper()), None)
    if level is None:
        names = [level.lower() for level in LEVELS]
        raise InvalidInput(
            f"level is {shown(text)}; it must be {', '.join(names[:-1])} or {names[-1]}.",
            hint=nearest(text, names),
            field="level",
        )
    for name in ("search", "source"):
        if len(given.get(name, "")) > MAX_SEARCH:
            raise InvalidInput(f"{name} has more than {MAX_SEARCH} characters.", field=name)

    def number(name: str, least: int, most: int) -> int | None:
        return request.whole(name, least, least, most) if name in given else None

    after, tail = number("after", 0, MAX_OFFSET), number("tail", 1, MAX_TAIL)
    return LogQuery(
        level=level,
        source=given.get("source") or None,
        search=given.get("search") or None,
        after=after,
        before=number("before", 0, MAX_OFFSET),
        tail=DEFAULT_TAIL if after is None and tail is None else tail,
    )
