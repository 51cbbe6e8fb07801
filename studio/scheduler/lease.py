"""Who may schedule: one lease a scheduler, watched by the others.

A scheduler shows that it lives by a counter in its row. Another one judges it dead when it has watched that counter
stand still for `LEASE` seconds of its own monotonic clock, while the database answered: clocks are never compared.
Taking over fences the dead one in the same transaction, and every commit checks that its own row is not fenced.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from studio.errors import StoreUnavailable
from studio.ports import Clock, Lease, SchedulerRow, Store

BEAT = 5.0  # seconds
LEASE = 30.0  # seconds


@dataclass(slots=True)
class _Seen:
    beat: int
    since: float  # monotonic


class LeaseKeeper:
    """Holds the own lease and takes over those of the dead."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        name: str,
        gone: Callable[[str], bool],
        beat_interval: float = BEAT,
    ) -> None:
        self._store = store
        self._clock = clock
        self._name = name
        self._gone = gone
        self._seen: dict[int, _Seen] = {}
        self._known: set[int] = set()  # schedulers that we saw alive
        self._lease: Lease | None = None
        self.beat_interval = beat_interval

    @property
    def lease(self) -> Lease:
        assert self._lease is not None, "acquire() comes first"
        return self._lease

    async def acquire(self) -> Lease:
        """Register, and own what belongs to nobody or to the certainly dead."""
        self._lease = await self._store.register_scheduler(self._name)
        others = await self._others()
        while dead := [row for row in others if self._gone(row.name)]:
            for other in dead:  # the database may still be busy with its last commit: then once more
                await self._store.take_over(self._lease, other.number, other.beat)
            others = await self._others()
        self._known = {row.number for row in others}  # one may end in order before we first look at it
        await self._store.take_over(self._lease, self._lease.number, 0)
        return self._lease

    async def beat(self) -> bool:
        """Show that we live and look at the others. True if DAGs were taken over. Raises `Fenced`."""
        try:
            await self._store.beat(self.lease)
            return await self._watch()
        except StoreUnavailable:
            self._seen.clear()  # nobody can be judged by what we could not see
            return False

    async def release(self) -> None:
        """Give the lease back, if the database answers; otherwise it runs out by itself."""
        if self._lease is not None:
            try:
                await self._store.release(self._lease)
            except StoreUnavailable:
                pass

    async def _watch(self) -> bool:
        asked_at = self._clock.monotonic()
        others = await self._others()
        told_at = self._clock.monotonic()  # the database may take its time: nobody is judged by that
        taken: set[int] = set()
        for other in others:
            seen = self._seen.get(other.number)
            if seen is None or seen.beat != other.beat:
                self._seen[other.number] = _Seen(other.beat, told_at)
                continue
            is_dead = asked_at - seen.since >= LEASE or self._gone(other.name)
            if is_dead and await self._store.take_over(self.lease, other.number, other.beat):
                taken.add(other.number)
        self._seen = {row.number: self._seen[row.number] for row in others}
        # One that is there no more ended in order, and its DAGs are free; or the answer to our take-over was lost.
        has_left = bool(self._known - self._seen.keys())
        if has_left:
            await self._store.take_over(self.lease, self.lease.number, 0)
        self._known = self._seen.keys() - taken
        return has_left or bool(taken)

    async def _others(self) -> list[SchedulerRow]:
        return [row for row in await self._store.schedulers() if row.number != self.lease.number]
