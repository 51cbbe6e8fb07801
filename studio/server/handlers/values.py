"""Values that tasks returned and saved: what is known of them, and their content. Nothing is loaded here."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any, BinaryIO, Final

import msgspec

from studio.api import models as m
from studio.api.models.values import ValuePreview
from studio.core.model import Attempt, SavedValue
from studio.core.names import nearest, shown
from studio.core.references import PLAIN, VALUE
from studio.core.saved import RETURNED, is_returned
from studio.errors import NotFound
from studio.server.answers import FileAnswer, StreamedFile
from studio.server.lookup import find_attempt, find_task
from studio.server.request import Request
from studio.server.services import Services
from studio.values.reference import reference_in
from studio.values.stores import open_store

_CHUNK: Final = 1 << 18  # bytes
_MAX_SHOWN: Final = 4000  # characters of JSON in a preview
_MEDIA: Final = "application/octet-stream"
_ENDINGS: Final = {
    "parquet": ".parquet", "npy": ".npy", "png": ".png", "text": ".txt", "json": ".json", "cloudpickle": ".pickle",
}  # fmt: skip
_ODD = re.compile(r"[^A-Za-z0-9_.-]")


async def list_values(request: Request, services: Services) -> m.ValueList:
    _, task = await find_task(services, request)
    attempt = await find_attempt(services, task, request.try_number)
    if attempt is None:
        return m.ValueList(attempt_id=None, try_number=0, values=[])
    saved = (await services.store.saved_values([attempt.id])).get(attempt.id, [])
    inline = [_inline_info(attempt.value)] if _is_inline(attempt) else []
    values = sorted((_info(value) for value in saved), key=lambda value: (not value.is_returned, value.name))
    return m.ValueList(attempt_id=attempt.id, try_number=attempt.try_number, values=[*inline, *values])


async def get_value(request: Request, services: Services) -> StreamedFile | FileAnswer:
    _, task = await find_task(services, request)
    attempt = await find_attempt(services, task, request.try_number)
    name = request.path["name"]
    saved = [] if attempt is None else (await services.store.saved_values([attempt.id])).get(attempt.id, [])
    value = next((each for each in saved if each.name == name), None)
    if value is None and name == RETURNED and attempt is not None and _is_inline(attempt):
        return FileAnswer(_json(attempt.value).encode(), _MEDIA, f"{task.task_id[:150]}.json")
    if value is None:
        raise NotFound(
            f"The task {shown(task.task_id)} has no value {shown(name)}.",
            hint=nearest(name, [each.name for each in saved]) or "It has returned and saved nothing.",
        )
    file = await asyncio.to_thread(open_store(services.artifacts.values).open, value.digest)
    return StreamedFile(
        _chunks(file), _MEDIA, f"{_ODD.sub('_', value.name)[:150]}{_ENDINGS.get(value.format, '')}"
    )


async def _chunks(file: BinaryIO) -> AsyncIterator[bytes]:
    try:
        while chunk := await asyncio.to_thread(file.read, _CHUNK):
            yield chunk
    finally:
        await asyncio.to_thread(file.close)


def _is_inline(attempt: Attempt) -> bool:
    """Its value stands in the database: at least the shape of it, around references."""
    value = attempt.value
    return value is not None and not (isinstance(value, dict) and VALUE in value)


def _info(value: SavedValue) -> m.ValueInfo:
    schema = value.description.get("schema")
    return m.ValueInfo(
        name=value.name,
        is_returned=is_returned(value.name),
        format=value.format,
        type=value.type,
        size=value.size,
        digest=value.digest,
        schema=schema if isinstance(schema, dict) else None,
        preview=_preview(value.description.get("preview")),
    )


def _inline_info(value: Any) -> m.ValueInfo:
    text = _json(_shown(value))
    return m.ValueInfo(
        name=RETURNED,
        is_returned=True,
        format="json",
        type=type(value).__name__,
        size=len(_json(value).encode()),
        digest=None,
        schema={"items": len(value)} if isinstance(value, (list, dict)) else None,
        preview=m.TextPreview(text=text[:_MAX_SHOWN], truncated=len(text) > _MAX_SHOWN),
    )


def _shown(value: Any) -> Any:
    """With what is kept elsewhere told in words."""
    if isinstance(value, list):
        return [_shown(item) for item in value]
    if not isinstance(value, dict):
        return value
    if (reference := reference_in(value)) is not None:
        return f"({reference.type}, {reference.size:,} bytes)"
    plain = value[PLAIN] if value.keys() == {PLAIN} and isinstance(value[PLAIN], dict) else value
    return {name: _shown(item) for name, item in plain.items()}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)


def _preview(told: Any) -> ValuePreview | None:
    """It was made where the task ran: what is no preview is not shown."""
    try:
        return msgspec.convert(told, ValuePreview)  # type: ignore[no-any-return]  # a union
    except msgspec.ValidationError:
        return None
