"""Logs of running attempts for those who watch: what is new in a file, soon after a worker says that it has grown."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from studio.api.models import LogAppended
from studio.artifacts.local import LocalArtifacts
from studio.core.model import Attempt
from studio.core.states import ATTEMPT_TERMINAL
from studio.server.log_file import NAMES, LogPage, log_size, read_new
from studio.worker.task_log import TELL_EVERY

INTERVAL: Final = 0.1  # seconds between two messages about a log
MAX_MESSAGE: Final = 256 * 1024  # bytes of a log in one message
MAX_BEHIND: Final = 1024 * 1024  # bytes; of a log that grows faster than it is sent, only the end is

# Records that follow a telling within `TELL_EVERY` may be untold.
_LINGER: Final = TELL_EVERY + 0.5  # seconds of looking after a worker has told

log = logging.getLogger("studio.server")


@dataclass(slots=True, eq=False)
class _Followed:
    """The log of one attempt, as far as it was sent."""

    topic: str
    attempt_id: int
    try_number: int
    paths: list[Path]
    offset: int
    heard: float  # loop time
    work: asyncio.Task[None] | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)  # one reads and sends at a time


class LiveLogs:
    """Reads the logs of watched topics and gives what is new to `send`. Everything is called on the event loop."""

    def __init__(
        self,
        artifacts: LocalArtifacts,
        send: Callable[[LogAppended], None],
        is_watched: Callable[[str], bool],
    ) -> None:
        self._artifacts = artifacts
        self._send = send
        self._is_watched = is_watched
        self._followed: dict[str, _Followed] = {}
        self._topics: dict[int, str] = {}  # attempt → topic, of the same

    def paths(self, directory: str) -> list[Path]:
        """Where the log of an attempt may be; `directory` as of `Attempt`."""
        return [self._artifacts.attempt_file(directory, name) for name in NAMES] if directory else []

    async def follow(self, attempt: Attempt, topic: str) -> None:
        """Somebody watches `topic`, and this is its latest attempt: tell how far its log is, and what comes."""
        paths = self.paths(attempt.directory)
        size = await asyncio.to_thread(log_size, paths)
        now = asyncio.get_running_loop().time()
        found = self._followed.get(topic)
        if found is None or found.attempt_id != attempt.id:
            self.forget(self._attempt_of(topic))
            found = _Followed(topic, attempt.id, attempt.try_number, paths, size, now)
        ended = attempt.state in ATTEMPT_TERMINAL
        self._tell(found, LogPage([], found.offset, found.offset), ended=ended)
        if not ended:
            self._followed[topic], self._topics[attempt.id] = found, topic
            self._work(found)

    def grown(self, attempt_id: int) -> None:
        """A worker says that the log of the attempt has more."""
        found = self._followed.get(self._topics.get(attempt_id, ""))
        if found is not None:
            found.heard = asyncio.get_running_loop().time()
            self._work(found)

    async def ended(self, attempt: Attempt, topic: str) -> None:
        """The attempt is over: send the rest of its log."""
        found = self._followed.get(topic)
        if found is None or found.attempt_id != attempt.id:
            await self.follow(attempt, topic)
            return
        is_through = False
        while not is_through:
            is_through = not await self._send_new(found)
        self._tell(found, LogPage([], found.offset, found.offset), ended=True)
        self.forget(attempt.id)

    def forget(self, attempt_id: int | None) -> None:
        """Nobody watches its log any more, or there is nothing to wait for."""
        if attempt_id is not None and (topic := self._topics.pop(attempt_id, None)) is not None:
            del self._followed[topic]

    async def close(self) -> None:
        """Stop reading."""
        works = [found.work for found in self._followed.values() if found.work is not None]
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)

    def _attempt_of(self, topic: str) -> int | None:
        found = self._followed.get(topic)
        return None if found is None else found.attempt_id

    def _work(self, found: _Followed) -> None:
        if found.work is None:
            found.work = asyncio.create_task(self._keep_sending(found))

    async def _keep_sending(self, found: _Followed) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._followed.get(found.topic) is found:
                if not self._is_watched(found.topic):
                    self.forget(found.attempt_id)
                elif not await self._send_new(found) and loop.time() - found.heard > _LINGER:
                    return
                await asyncio.sleep(INTERVAL)
        except Exception:
            log.exception("The log of attempt %s was not sent on.", found.attempt_id)
        finally:
            found.work = None

    async def _send_new(self, found: _Followed) -> bool:
        """Whether there was something."""
        async with found.turn:
            page = await asyncio.to_thread(read_new, found.paths, found.offset, MAX_MESSAGE, MAX_BEHIND)
            is_new = page.end > found.offset
            if is_new:
                self._tell(found, page)
                found.offset = page.end
        return is_new

    def _tell(self, found: _Followed, page: LogPage, *, ended: bool = False) -> None:
        message = LogAppended(
            topic=found.topic,
            attempt_id=found.attempt_id,
            try_number=found.try_number,
            records=page.records,
            start=page.start,
            end=page.end,
            skipped=page.start - found.offset,
            ended=ended,
        )
        self._send(message)
