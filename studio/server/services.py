"""What handlers may use: the running parts of one server, put together in `studio.server.app`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from studio.artifacts.local import LocalArtifacts
from studio.ports import Clock, Store
from studio.scheduler.loop import Scheduler
from studio.server.outputs import LiveOutputs
from studio.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    settings: Settings
    store: Store
    scheduler: Scheduler
    artifacts: LocalArtifacts
    outputs: LiveOutputs
    clock: Clock
    started_at: float  # seconds since the epoch
    actor: str  # who acts with the server's token: the Unix user
    stop: Callable[[], None]  # begin an orderly stop
    workers: Callable[[], int]
