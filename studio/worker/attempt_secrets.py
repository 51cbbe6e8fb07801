"""The secrets of an attempt in a runner: there while it runs, masked in all that it tells."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from studio.secrets.access import current_masker, delivered_here
from studio.secrets.connection import Connection
from studio.secrets.masking import Masker
from studio.worker.task import (
    CellChanged,
    Emit,
    Event,
    Log,
    NotebookStarted,
    Rendered,
    TaskRequest,
    TaskResult,
)
from studio.worker.task_log import log_of

_SPEAKING = (CellChanged, Log, NotebookStarted, Rendered)  # events that hold what user code says


@contextmanager
def secrets_of_attempt(request: TaskRequest, emit: Emit) -> Iterator[tuple[TaskRequest, Emit]]:
    """The request with the names of templates and the environment of child processes; `emit` tells no secret."""
    delivered = request.secrets
    with delivered_here(delivered) as env:
        if env:
            named = {
                name: {
                    **fields,
                    "extra": fields.get("extra") or {},
                    "url": msgspec.convert(fields, Connection).url,
                }
                for name, fields in delivered.connections.items()
            }
            context = {**request.context, "connections": named, "variables": delivered.variables}
            request = msgspec.structs.replace(request, context=context, env={**request.env, **env})
        masker = current_masker()
        yield request, _masking(emit, masker) if masker else emit


def without_secrets(result: TaskResult, request: TaskRequest) -> TaskResult:
    """`result` as the database may have it. What was masked of a returned value is said in the log."""
    masker = current_masker()
    if not masker:
        return result
    value = masker.value(result.value)
    if value is not result.value:
        log = log_of(request)
        log.record(
            "WARNING", "studio", "The returned value holds a secret; it is kept with *** in its place."
        )
        log.end()
    signal = msgspec.convert(masker.value(msgspec.to_builtins(result.signal)), type(result.signal))
    return msgspec.structs.replace(
        result,
        error=masker.value(result.error),
        value=value,
        details=masker.value(result.details),
        signal=signal,
    )


def _masking(emit: Emit, masker: Masker) -> Emit:
    def tell(event: Event) -> None:
        if isinstance(event, _SPEAKING):
            event = msgspec.convert(masker.value(msgspec.to_builtins(event)), type(event))
        emit(event)

    return tell
