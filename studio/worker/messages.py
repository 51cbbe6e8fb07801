"""What the server, its workers and their runners say to each other.

    server ──ToWorker──► worker ──ToRunner──► runner
           ◄─FromWorker─        ◄─FromRunner─

A worker passes requests, events, values and signals on without decoding them (`msgspec.Raw`). Structs travel as
arrays: a newer version may add fields at the end, with defaults, and no other change.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from studio.core.signals import Signal

OutcomeState = Literal["success", "failed", "cancelled", "skipped", "rescheduled"]

_encoder = msgspec.msgpack.Encoder()


def raw(value: object) -> msgspec.Raw:
    """`value`, encoded."""
    return msgspec.Raw(_encoder.encode(value))


NOTHING = raw(None)
NO_DETAILS = raw({})
NO_SIGNAL = raw(Signal())


class _Message(msgspec.Struct, frozen=True, array_like=True):
    pass


class Job(_Message, frozen=True, array_like=True, tag="job"):
    """One attempt to run. `request` is an encoded `studio.worker.task.TaskRequest`."""

    attempt_id: int
    kind: str
    timeout: float | None  # seconds, from its begin
    request: msgspec.Raw
    priority: tuple[float, ...] = ()  # of two that wait, the one with less begins first


class Outcome(_Message, frozen=True, array_like=True, tag="outcome"):
    """How an attempt ended; on disk in the worker's journal before anybody hears of it."""

    attempt_id: int
    state: OutcomeState
    started_at: float  # seconds since the epoch; of an attempt that never began: when that was decided
    ended_at: float
    error: str | None
    value: msgspec.Raw  # encoded JSON value
    details: msgspec.Raw  # encoded map
    signal: msgspec.Raw = NO_SIGNAL  # encoded `studio.core.signals.Signal`


# --- worker → server -----------------------------------------------------------------------------------------


class Hello(_Message, frozen=True, array_like=True, tag="hello"):
    """First on every connection: all that the worker holds. What is not in it, the worker has never heard of."""

    worker_id: str
    version: str  # of the package
    pid: int
    slots: int
    running: list[tuple[int, float]]  # attempt, begun at
    held: list[int]  # attempts not begun
    outcomes: list[Outcome]  # not acknowledged


class Begun(_Message, frozen=True, array_like=True, tag="begun"):
    """An attempt was given to a runner. Left out for one that ended within milliseconds."""

    attempt_id: int
    at: float


class Ended(_Message, frozen=True, array_like=True, tag="ended"):
    """An outcome, for the first time; said again in each `Hello` until it is acknowledged."""

    outcome: Outcome


class Observed(_Message, frozen=True, array_like=True, tag="observed"):
    """An encoded `studio.worker.task.Event`. One with the same non-empty `key` as an earlier one replaces it."""

    attempt_id: int
    key: str
    event: msgspec.Raw


class Beat(_Message, frozen=True, array_like=True, tag="beat"):
    """The worker lives."""


FromWorker = Hello | Begun | Ended | Observed | Beat


# --- server → worker -----------------------------------------------------------------------------------------


class Run(_Message, frozen=True, array_like=True, tag="run"):
    """Run these as slots become free: by priority, then in this order. What the worker knows already is passed over."""

    jobs: list[Job]


class End(_Message, frozen=True, array_like=True, tag="end"):
    """Stop these attempts; each answers with its outcome."""

    attempt_ids: list[int]


class Acknowledged(_Message, frozen=True, array_like=True, tag="acknowledged"):
    """These outcomes are in the database and may be forgotten."""

    attempt_ids: list[int]


class Quit(_Message, frozen=True, array_like=True, tag="quit"):
    """Exit: when nothing is left to run and to hold, or at once, ending what runs."""

    when_idle: bool


ToWorker = Run | End | Acknowledged | Quit


# --- worker ⇄ runner -----------------------------------------------------------------------------------------


class Warm(_Message, frozen=True, array_like=True, tag="warm"):
    """Import what notebooks need, while there is nothing else to do."""


class Ready(_Message, frozen=True, array_like=True, tag="ready"):
    """The runner has started and waits for jobs."""


class Done(_Message, frozen=True, array_like=True, tag="done"):
    """The attempt has ended by itself, and none of its processes is left."""

    attempt_id: int
    state: Literal["success", "failed", "skipped", "rescheduled"]
    error: str | None
    value: msgspec.Raw
    details: msgspec.Raw
    ended_at: float
    spent: bool  # the attempt left traces in the runner: use another one
    signal: msgspec.Raw = NO_SIGNAL


class WantsForkServer(_Message, frozen=True, array_like=True, tag="wants_fork_server"):
    """As `studio.worker.task.ForkServerWanted`, for the supervisor alone."""

    command: tuple[str, ...]
    libraries: tuple[str, ...]
    is_stale: bool


ToRunner = Job | Warm
FromRunner = Ready | Observed | Done | WantsForkServer
