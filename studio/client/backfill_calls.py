"""Backfills."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from studio.api import models as m
from studio.client.calls import Calls, a_key
from studio.core.model import Reprocess


class BackfillCalls(Calls):
    """This part of `Client`. Dates are ISO 8601; one without offset is in the DAG's time zone."""

    def preview_backfill(self, dag_id: str, body: m.CreateBackfill) -> m.BackfillPreview:
        """What it would do; nothing is changed."""
        return self._call("preview_backfill", {"dag_id": dag_id}, body=body)  # type: ignore[no-any-return]

    def create_backfill(self, dag_id: str, body: m.CreateBackfill) -> m.BackfillInfo:
        """Start it; `backfill_of` makes the body."""
        return self._call("create_backfill", {"dag_id": dag_id}, body=body)  # type: ignore[no-any-return]

    def list_backfills(
        self,
        dag_id: str | None = None,
        *,
        state: str | Sequence[str] | None = None,
        limit: int | None = None,
    ) -> m.BackfillList:
        """Newest first, of a DAG or of all; `state`: running, paused, cancelled, done, one or several."""
        states = state if state is None or isinstance(state, str) else ",".join(state)
        query = {"dag_id": dag_id, "state": states, "limit": limit}
        return self._call("list_backfills", query=query)  # type: ignore[no-any-return]

    def get_backfill(self, backfill_id: int) -> m.BackfillInfo:
        return self._call("get_backfill", _path(backfill_id))  # type: ignore[no-any-return]

    def change_backfill(
        self,
        backfill_id: int,
        action: Literal["pause", "unpause", "cancel", "extend", "limit"],
        *,
        stop_running: bool = False,
        end: str | None = None,
        dates: Sequence[str] | None = None,
        max_active_runs: int | None = None,
    ) -> m.BackfillInfo:
        """Pause it, let it go on, cancel it, let it go further, or let other many of its runs be active."""
        body = m.ChangeBackfill(
            action=action,
            stop_running=stop_running,
            end=end,
            dates=None if dates is None else list(dates),
            max_active_runs=max_active_runs,
        )
        return self._call("change_backfill", _path(backfill_id), body=body)  # type: ignore[no-any-return]


def backfill_of(
    start: str | None = None,
    end: str | None = None,
    *,
    dates: Sequence[str] | None = None,
    params_list: Sequence[Mapping[str, Any]] | None = None,
    only: Reprocess = "missing",
    reverse: bool = False,
    max_active_runs: int = 10,
    tasks: Sequence[str] = (),
    upstream: bool = True,
    params: Mapping[str, Any] | None = None,
    version: str = "latest",
    note: str | None = None,
    key: str | None = None,
) -> m.CreateBackfill:
    """What a backfill is to do, as the routes take it."""
    return m.CreateBackfill(
        start=start,
        end=end,
        dates=None if dates is None else list(dates),
        params_list=None if params_list is None else [dict(each) for each in params_list],
        reprocess=only,
        reverse=reverse,
        max_active_runs=max_active_runs,
        tasks=list(tasks),
        upstream=upstream,
        params=dict(params or {}),
        version=version,
        note=note,
        key=a_key(key),
    )


def _path(backfill_id: int) -> dict[str, str]:
    return {"backfill_id": str(backfill_id)}
