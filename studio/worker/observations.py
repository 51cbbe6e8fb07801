"""Live state of running attempts: what a server that comes back must be told, and what a slow one is spared."""

from __future__ import annotations

from studio.worker.messages import Observed


class Observations:
    """Events by (attempt, key): of those with one key only the latest counts, at its first one's place."""

    def __init__(self) -> None:
        self._kept: dict[int, dict[str, Observed]] = {}  # of attempts that run
        self._unsent: dict[tuple[int, str], Observed] = {}
        self._unkeyed = 0

    def add(self, observed: Observed) -> None:
        key = observed.key
        if key:
            self._kept.setdefault(observed.attempt_id, {})[key] = observed
        else:
            self._unkeyed += 1  # never replaced, and not kept for later servers
            key = f"\0{self._unkeyed}"
        self._unsent[observed.attempt_id, key] = observed

    def forget(self, attempt_id: int) -> None:
        """The attempt has ended; what was not sent yet still will be."""
        self._kept.pop(attempt_id, None)

    def take_unsent(self) -> list[Observed]:
        unsent = list(self._unsent.values())
        self._unsent.clear()
        return unsent

    def take_all(self) -> list[Observed]:
        """For a new connection: all that is kept, in place of what was not sent."""
        self._unsent.clear()
        return [observed for events in self._kept.values() for observed in events.values()]
