"""The stream from the client's side: messages as an iterator, and waiting for a run with their help."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from studio.api.models import Hello, Resync, RunChanged, RunDetail, ServerMessage, Subscribe, TaskStatus
from studio.api.routes import STREAM_PATH
from studio.client.transport import Transport
from studio.core.states import RUN_TERMINAL
from studio.errors import Forbidden, ServerUnavailable

_DELAYS: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)  # seconds between tries to connect; the last repeats
_GIVE_UP: Final = 60.0  # seconds without a server
_MAX_MESSAGE: Final = 256 * 1024 * 1024  # bytes: outputs of many cells at once

_decode = msgspec.json.Decoder(list[ServerMessage])


def follow(
    transport: Transport, subscription: Subscribe, *, until: float | None = None
) -> Iterator[ServerMessage]:
    """Messages as they come; `TimeoutError` at `until` (monotonic). `ServerUnavailable` after a minute of none."""
    failing_since: float | None = None
    tries = 0
    while True:
        try:
            for message in _one_connection(transport, subscription, until):
                failing_since, tries = None, 0
                yield message
        except (OSError, ServerUnavailable, _Closed) as error:
            if isinstance(error, TimeoutError) and until is not None and time.monotonic() >= until:
                raise
            now = time.monotonic()
            failing_since = failing_since or now
            if now - failing_since > _GIVE_UP:
                raise ServerUnavailable(
                    f"The stream of {transport.endpoint.url} is gone and did not come back."
                ) from error
            time.sleep(_DELAYS[min(tries, len(_DELAYS) - 1)])
            tries += 1
            try:
                transport.relocate()
            except ServerUnavailable:
                continue


def wait_for_run(
    transport: Transport,
    dag_id: str,
    run_id: str,
    on_change: Callable[[RunDetail], object] | None,
    *,
    timeout: float | None = None,
) -> RunDetail:
    """The run once it has ended. Raises `NotFound`, `TimeoutError`."""
    path = {"dag_id": dag_id, "run_id": run_id}
    detail: RunDetail = transport.call("get_run", path)
    _tell(on_change, detail)
    until = None if timeout is None else time.monotonic() + timeout
    if detail.run.state in RUN_TERMINAL:
        return detail
    subscription = Subscribe(dag_ids=[dag_id])
    for message in follow(transport, subscription, until=until):
        before = detail
        if isinstance(message, (Hello, Resync)):
            detail = transport.call("get_run", path)
        elif (
            isinstance(message, RunChanged) and message.run.run_id == run_id and message.run.dag_id == dag_id
        ):
            detail = _changed(detail, message)
        if detail != before:
            _tell(on_change, detail)
        if detail.run.state in RUN_TERMINAL:
            return detail
    raise ServerUnavailable("The stream ended.")


def _tell(on_change: Callable[[RunDetail], object] | None, detail: RunDetail) -> None:
    if on_change is not None:
        on_change(detail)


def _changed(detail: RunDetail, message: RunChanged) -> RunDetail:
    """The newer of each task and of the run."""
    tasks: dict[tuple[str, int], TaskStatus] = {(task.task_id, task.map_index): task for task in detail.tasks}
    for task in message.tasks:
        known = tasks.get((task.task_id, task.map_index))
        if known is None or task.rev >= known.rev:
            tasks[task.task_id, task.map_index] = task
    run = message.run if message.run.rev >= detail.run.rev else detail.run
    return RunDetail(run=run, tasks=list(tasks.values()))


class _Closed(Exception):
    """The connection has ended."""


def _one_connection(
    transport: Transport, subscription: Subscribe, until: float | None
) -> Iterator[ServerMessage]:
    from websockets import exceptions  # noqa: PLC0415 - only who follows pays for it
    from websockets.sync.client import connect  # noqa: PLC0415

    url = "ws" + transport.endpoint.url.removeprefix("http") + STREAM_PATH
    options: dict[str, Any] = {
        "additional_headers": {"Authorization": f"token {transport.endpoint.token}"},
        "max_size": _MAX_MESSAGE,
        "open_timeout": 10,
        "close_timeout": 1,
        "proxy": None,
    }
    try:
        with connect(url, **options) as socket:
            socket.send(msgspec.json.encode(subscription).decode())
            while True:
                left = None if until is None else max(0.0, until - time.monotonic())
                yield from _decode.decode(socket.recv(left))
    except exceptions.InvalidStatus as error:
        if error.response.status_code in (401, 403):
            if transport.relocate():
                raise _Closed from error
            raise Forbidden(
                "The server does not take this token.", hint="Call studio.connect() again."
            ) from error
        raise _Closed from error
    except exceptions.WebSocketException as error:
        raise _Closed from error
