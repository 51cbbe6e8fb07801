"""What handlers may use: the running parts of one server, put together in `studio.server.app`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from studio.artifacts.local import LocalArtifacts
from studio.core.model import Command, CommandKind
from studio.errors import StoreUnavailable
from studio.exports import Exports
from studio.ports import Clock, Store
from studio.scheduler.loop import Scheduler
from studio.secrets.vault import Vault
from studio.server.cleaning import Cleaning
from studio.server.live_logs import LiveLogs
from studio.server.outputs import LiveOutputs
from studio.server.sessions import Sessions
from studio.server.source_changes import SourceDigests
from studio.settings import Settings

COMMAND_TIMEOUT: Final = 30.0  # seconds


@dataclass(frozen=True, slots=True)
class Services:
    settings: Settings
    store: Store
    scheduler: Scheduler
    artifacts: LocalArtifacts
    outputs: LiveOutputs
    logs: LiveLogs
    sources: SourceDigests
    exports: Exports
    cleaning: Cleaning
    vault: Vault
    sessions: Sessions
    sealing: asyncio.Lock  # held while secrets are sealed and kept: the key does not change in between
    clock: Clock
    started_at: float  # seconds since the epoch
    actor: str  # who acts with the server's token: the Unix user
    stop: Callable[[], None]  # begin an orderly stop

    async def command(
        self, dag_id: str, kind: CommandKind, payload: dict[str, Any], *, actor: str, key: str | None = None
    ) -> Command:
        """Have the DAG's owner carry out a command; the `StudioError` of a refusal is raised.

        Raises `StoreUnavailable` if nobody handles it in time. It is written, and is handled later then.
        """
        work = self.scheduler.command(dag_id, kind, payload, actor=actor, key=key)
        try:
            return await asyncio.wait_for(work, COMMAND_TIMEOUT)
        except asyncio.TimeoutError as error:
            raise StoreUnavailable(
                f"The scheduler has not handled this within {COMMAND_TIMEOUT:.0f} s; it is written down and will be.",
                hint="Look at the DAG again in a while; `studio doctor` says what holds the scheduler up.",
            ) from error

    def noted(self, kind: CommandKind, payload: dict[str, Any], *, actor: str) -> Command:
        """For the audit: what the server does at once. No value that may be secret belongs in `payload`."""
        now = self.clock.now()
        return Command(0, "", kind, payload, actor=actor, created_at=now, state="done", handled_at=now)
