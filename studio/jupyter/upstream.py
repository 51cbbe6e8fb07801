"""The studio server behind the proxy: found, started when there is none, found again when it was replaced."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from logging import Logger, LoggerAdapter
from typing import Any, Final

from studio.client.endpoint import Endpoint
from studio.errors import ServerUnavailable, StudioError

PATIENCE: Final = 5.0  # seconds that one request waits for a server that starts
FIRST_PAUSE: Final = 2.0  # seconds after a failed start in which no other is tried; doubles each time
LONGEST_PAUSE: Final = 60.0  # seconds


class Upstream:
    """Knows where the studio server is. One for the whole Jupyter server.

    `ensure` finds or starts it (blocking; it runs in a thread, never twice at a time).
    """

    def __init__(self, ensure: Callable[[], Endpoint], log: Logger | LoggerAdapter[Any]) -> None:
        self._ensure = ensure
        self._log = log
        self._endpoint: Endpoint | None = None
        self._search: asyncio.Task[Endpoint | ServerUnavailable] | None = None
        self._failure: ServerUnavailable | None = None  # of the last start
        self._pause = FIRST_PAUSE
        self._resumes = 0.0  # monotonic time

    def begin(self) -> None:
        """Look for it, or start it, before somebody asks. Needs a running event loop; failures go to the log."""
        is_paused = self._failure is not None and time.monotonic() < self._resumes
        if self._endpoint is None and self._search is None and not is_paused:
            self._search = asyncio.create_task(self._look())

    async def endpoint(self) -> Endpoint:
        """Where it is; started first if need be. Raises `ServerUnavailable` if it is not up soon."""
        if self._endpoint is not None:
            return self._endpoint
        self.begin()
        search = self._search
        if search is None:
            raise _again(self._failure)
        await asyncio.wait({search}, timeout=PATIENCE)  # it goes on if this request does not wait any longer
        if not search.done():
            raise ServerUnavailable("The studio server is being started.", hint="Try again in a moment.")
        outcome = search.result()
        if isinstance(outcome, ServerUnavailable):
            raise _again(outcome)
        return outcome

    def forget(self, endpoint: Endpoint) -> None:
        """It does not answer, or does not know its token any more: look again, and start another if need be."""
        if self._endpoint is endpoint:
            self._endpoint = None
            self.begin()

    async def _look(self) -> Endpoint | ServerUnavailable:
        try:
            self._endpoint = await asyncio.to_thread(self._ensure)
        except Exception as error:  # whatever it is: Jupyter itself goes on
            return self._failed(error)
        finally:
            self._search = None
        self._failure, self._pause = None, FIRST_PAUSE
        self._log.info("Pipeline Studio: the server is at %s", self._endpoint.url)
        return self._endpoint

    def _failed(self, error: Exception) -> ServerUnavailable:
        if isinstance(error, StudioError):
            failure = ServerUnavailable(error.message, hint=error.hint)
        else:
            failure = ServerUnavailable(
                f"The studio server cannot be started: {str(error) or type(error).__name__}.",
                hint="`studio server` in a terminal shows more.",
            )
        if self._failure is None or self._failure.message != failure.message:  # said once
            self._log.warning("Pipeline Studio: %s It is tried again when it is needed.", failure)
        self._failure = failure
        self._resumes = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        return failure


def _again(failure: ServerUnavailable | None) -> ServerUnavailable:
    """A new one: the traceback of an error that is raised again and again would only grow."""
    return ServerUnavailable(failure.message, hint=failure.hint) if failure else ServerUnavailable()
