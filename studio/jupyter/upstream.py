"""The studio server behind the proxy: found, started when there is none, found again when it was replaced."""

from __future__ import annotations

import asyncio
import time

from studio.client.endpoint import Endpoint, ensure_server
from studio.errors import ServerUnavailable, StudioError
from studio.settings import Settings

PAUSE = 5.0  # seconds after a failed start in which no other is tried


class Upstream:
    """Knows where the studio server is. One for the whole Jupyter server."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._endpoint: Endpoint | None = None
        self._lock = asyncio.Lock()
        self._failure: tuple[float, StudioError] | None = None  # monotonic time, and why

    async def endpoint(self) -> Endpoint:
        """Where it is; started first if need be. Raises `ServerUnavailable` if it does not start."""
        if self._endpoint is not None:
            return self._endpoint
        async with self._lock:  # all who wait get the server that the first one started
            if self._endpoint is None:
                self._endpoint = await self._ensure()
            return self._endpoint

    def forget(self, endpoint: Endpoint) -> None:
        """It does not answer, or does not know its token any more: look again next time."""
        if self._endpoint is endpoint:
            self._endpoint = None

    async def _ensure(self) -> Endpoint:
        if self._failure is not None and time.monotonic() - self._failure[0] < PAUSE:
            raise self._failure[1]
        try:
            endpoint = await asyncio.to_thread(ensure_server, self._settings)
        except StudioError as error:
            self._failure = (time.monotonic(), error)
            raise
        except OSError as error:
            refused = ServerUnavailable(f"The studio server cannot be started: {error.strerror}.")
            self._failure = (time.monotonic(), refused)
            raise refused from error
        self._failure = None
        return endpoint
