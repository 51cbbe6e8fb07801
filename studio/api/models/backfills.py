"""Backfills: runs of the past, made in one go."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from studio.api.models.base import Body, Model
from studio.core.model import BackfillState, Reprocess


class CreateBackfill(Body, frozen=True, kw_only=True):
    """Which runs: those of the schedule from `start` to `end` (logical dates, both included), or those of a list.

    Dates are ISO 8601; one without offset is in the DAG's time zone, a day is its midnight. `reprocess`: of runs that
    there are already, leave them ("missing"), repeat those that failed ("failed") or all that have ended ("all").
    """

    start: str | None = None
    end: str | None = None  # without it, up to now
    dates: list[str] | None = None
    params_list: list[dict[str, Any]] | None = None  # a run without a date for each
    reprocess: Reprocess = "missing"
    reverse: bool = False  # the newest first
    max_active_runs: int = 10
    tasks: list[str] = []  # none: all
    upstream: bool = True  # with what these tasks wait for
    params: dict[str, Any] = {}
    version: str = "latest"
    note: str | None = None
    key: str | None = None  # the same key again gives the same backfill, once


class ChangeBackfill(Body, frozen=True, kw_only=True):
    """`cancel` leaves what runs alone unless `stop_running`; `extend` adds runs up to `end`, or for `dates`.

    `limit` changes `max_active_runs` only; the others may do so too.
    """

    action: Literal["pause", "unpause", "cancel", "extend", "limit"]
    stop_running: bool = False
    end: str | None = None
    dates: list[str] | None = None
    max_active_runs: int | None = None


class BackfillDate(Model, frozen=True, kw_only=True):
    """What a backfill does about one date, and why."""

    run_id: str | None
    logical_date: datetime | None
    interval_start: datetime | None
    interval_end: datetime | None
    decision: Literal["create", "clear", "skip"]
    reason: str


class BackfillPreview(Model, frozen=True, kw_only=True):
    """What a backfill would do. `seconds`: an estimate from the durations of earlier runs; null: there are none."""

    runs: list[BackfillDate]
    counts: dict[str, int]  # decision → dates
    seconds: float | None


class BackfillInfo(Model, frozen=True, kw_only=True):
    """A backfill and how far it is."""

    id: int
    dag_id: str
    state: BackfillState
    start: datetime | None
    end: datetime | None
    reprocess: Reprocess
    reverse: bool
    max_active_runs: int
    tasks: list[str]
    params: dict[str, Any]
    note: str
    created_at: datetime
    ended_at: datetime | None
    actor: str
    runs: int  # made or cleared
    counts: dict[str, int]  # RunState value → runs
    ended: int  # runs that have ended, in whatever way
    seconds_left: float | None  # an estimate; null: it is over, or nothing is known yet
    rev: int


class BackfillList(Model, frozen=True, kw_only=True):
    """Newest first."""

    backfills: list[BackfillInfo]
