"""Values that no row of the database names any more: what a kill has left of runs that were deleted."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from studio.settings import Settings
from studio.store import open_store
from studio.values.store import StoredFile
from studio.values.stores import open_store as open_values

_AT_ONCE = 500  # digests in one question
_MARGIN = 600.0  # seconds by which the clocks of those who save may be behind


@dataclass(slots=True)
class Unused:
    """Files that may go, and the time before which they were last saved."""

    files: list[StoredFile] = field(default_factory=list)
    before: float = 0.0  # seconds since the epoch

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(file.size for file in self.files)


async def unused_values(settings: Settings) -> Unused:
    """What no attempt of this database has, and none that runs can have saved again without saying so yet."""
    found = Unused()
    async with open_store(settings.database) as store:
        oldest = await store.oldest_unfinished()  # first: what it settles next is referenced below
        found.before = min(time.time(), time.time() if oldest is None else oldest) - _MARGIN
        old = [file for file in open_values(settings.value_url).files() if file.touched < found.before]
        for start in range(0, len(old), _AT_ONCE):
            some = old[start : start + _AT_ONCE]
            kept = await store.referenced(file.digest for file in some)
            found.files += [file for file in some if file.digest not in kept]
    return found


def remove(settings: Settings, unused: Unused) -> int:
    """How many are gone; what was saved again meanwhile stays."""
    values = open_values(settings.value_url)
    return sum(values.remove(file.digest, unused.before) for file in unused.files)
