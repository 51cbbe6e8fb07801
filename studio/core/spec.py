"""The spec: a DAG as data, in a versioned JSON form.

What Python authoring, marked cells and DAG files all end as, what the API carries, what the database keeps and
what the scheduler decides on. User code is never needed to read one.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final, Literal

import msgspec

from studio.core.schedule_spec import CronSpec as CronSpec
from studio.core.schedule_spec import ScheduleSpec as ScheduleSpec

FORMAT: Final = 1

Catchup = Literal["skip", "latest", "all"]


class TaskSpec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One task. `config` belongs to its `kind` (see `studio.worker.kinds`); durations are in seconds."""

    id: str
    kind: str
    upstream: tuple[str, ...] = ()
    trigger_rule: str = "all_success"
    config: dict[str, Any] = {}
    retries: int = 0
    retry_delay: float = 300.0  # seconds
    retry_backoff: float = 0.0  # multiplier; 0 = the delay stays the same
    max_retry_delay: float = 86400.0  # seconds
    timeout: float | None = None  # seconds
    doc: str = ""


class DagSpec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A whole DAG. Dates are ISO 8601 text; a date without offset is in `timezone`."""

    id: str
    tasks: tuple[TaskSpec, ...]
    format: int = FORMAT
    description: str = ""
    schedule: ScheduleSpec | None = None
    start_date: str | None = None
    end_date: str | None = None
    timezone: str = "UTC"
    catchup: Catchup = "latest"
    max_active_runs: int = 16
    max_active_tasks: int = 16  # per run
    params: dict[str, Any] = {}
    tags: tuple[str, ...] = ()
    #: The file the DAG was defined in, for people; it plays no part in what runs.
    origin: str = ""


#: Fields that people read and nothing executes: a change of them makes no new version.
_COSMETIC_DAG: Final = frozenset({"description", "tags", "origin"})
_COSMETIC_TASK: Final = frozenset({"doc"})

_canonical = msgspec.json.Encoder(order="sorted")


def encode(spec: DagSpec) -> bytes:
    """The spec's JSON form."""
    return msgspec.json.encode(spec)


def decode(data: bytes | str) -> DagSpec:
    """The spec in `data`; raises `msgspec.ValidationError` naming the path of what is wrong."""
    return msgspec.json.decode(data, type=DagSpec)


def version_of(spec: DagSpec) -> str:
    """Content hash of what changes behaviour: 64 hex digits. Layout and documentation do not count."""
    plain: dict[str, Any] = {k: v for k, v in msgspec.to_builtins(spec).items() if k not in _COSMETIC_DAG}
    plain["tasks"] = sorted(
        ({k: v for k, v in task.items() if k not in _COSMETIC_TASK} for task in plain["tasks"]),
        key=lambda task: str(task["id"]),
    )
    return hashlib.sha256(_canonical.encode(plain)).hexdigest()
