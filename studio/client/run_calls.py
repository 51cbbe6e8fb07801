"""Runs: start, look at, repeat, mark, cancel, delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from studio.api import models as m
from studio.client.calls import Calls, a_key, run_path


class RunCalls(Calls):
    """This part of `Client`."""

    def trigger_run(
        self,
        dag_id: str,
        *,
        logical_date: str | None = None,
        params: Mapping[str, Any] | None = None,
        run_id: str | None = None,
        note: str | None = None,
        interval: tuple[str, str] | None = None,
        subset: Sequence[str] = (),
        if_paused: Literal["refuse", "queue", "unpause"] = "refuse",
        refresh_cache: bool = False,
        key: str | None = None,
    ) -> m.RunDetail:
        """Start a run by hand. Dates are ISO 8601, in the DAG's zone; calls with the same `key` are one run.

        `refresh_cache`: cached results do not count in it; its own replace them.
        """
        body = m.TriggerRun(
            logical_date=logical_date,
            params=dict(params or {}),
            run_id=run_id,
            note=note,
            interval=interval,
            subset=list(subset),
            if_paused=if_paused,
            refresh_cache=refresh_cache,
            key=a_key(key),
        )
        return self._call("trigger_run", {"dag_id": dag_id}, body=body)  # type: ignore[no-any-return]

    def get_grid(
        self,
        dag_id: str,
        *,
        state: str | Sequence[str] | None = None,
        type: str | Sequence[str] | None = None,
        since: str | None = None,
        until: str | None = None,
        search: str | None = None,
        before: str | None = None,
        limit: int | None = None,
    ) -> m.Grid:
        """Runs with the states of their tasks, newest first; `before` is `next` of the page before."""
        query = {
            "state": _listed(state),
            "type": _listed(type),
            "since": since,
            "until": until,
            "search": search,
            "before": before,
            "limit": limit,
        }
        return self._call("get_grid", {"dag_id": dag_id}, query=query)  # type: ignore[no-any-return]

    def list_days(self, dag_id: str, since: str | None = None, until: str | None = None) -> m.DayList:
        """How many runs each day has, by their state; by default of the last year. Dates are in the DAG's zone."""
        query = {"since": since, "until": until}
        return self._call("list_days", {"dag_id": dag_id}, query=query)  # type: ignore[no-any-return]

    def list_attempts(self, dag_id: str, run_id: str) -> m.RunAttempts:
        """Every attempt of a run, in the order in which they were queued."""
        return self._call("list_attempts", run_path(dag_id, run_id))  # type: ignore[no-any-return]

    def list_runs(
        self,
        dag_id: str | None = None,
        *,
        state: str | Sequence[str] | None = None,
        type: str | Sequence[str] | None = None,
        since: str | None = None,
        until: str | None = None,
        search: str | None = None,
        backfill: int | None = None,
        before: str | None = None,
        limit: int | None = None,
    ) -> m.RunPage:
        """Newest first; `before` is `next` of the page before.

        `since` and `until` (exclusive) bound their dates: ISO 8601, without offset in the zone of the DAG, or UTC if
        there is no `dag_id`. `search`: in run id or note.
        """
        query = {
            "dag_id": dag_id,
            "state": _listed(state),
            "type": _listed(type),
            "since": since,
            "until": until,
            "search": search,
            "backfill": backfill,
            "before": before,
            "limit": limit,
        }
        return self._call("list_runs", query=query)  # type: ignore[no-any-return]

    def get_run(self, dag_id: str, run_id: str) -> m.RunDetail:
        return self._call("get_run", run_path(dag_id, run_id))  # type: ignore[no-any-return]

    def why_run(self, dag_id: str, run_id: str) -> m.WhyAnswer:
        """What holds the run."""
        return self._call("why_run", run_path(dag_id, run_id))  # type: ignore[no-any-return]

    def cancel_run(self, dag_id: str, run_id: str) -> m.RunDetail:
        return self._call("cancel_run", run_path(dag_id, run_id))  # type: ignore[no-any-return]

    def clear_tasks(
        self,
        dag_id: str,
        run_id: str,
        task_ids: Sequence[str],
        *,
        map_index: int | None = None,
        upstream: bool = False,
        downstream: bool = True,
        only_failed: bool = False,
        only_running: bool = False,
        only_new: bool = False,
        params: Mapping[str, Any] | None = None,
        version: str = "run",
        note: str | None = None,
    ) -> m.RunDetail:
        """Run tasks of a run again, with what waits for them; also with other params or the newest version."""
        body = m.ClearTasks(
            task_ids=list(task_ids),
            map_index=map_index,
            upstream=upstream,
            downstream=downstream,
            only_failed=only_failed,
            only_running=only_running,
            only_new=only_new,
            params=dict(params or {}),
            version=version,
            note=note,
        )
        return self._call("clear_tasks", run_path(dag_id, run_id), body=body)  # type: ignore[no-any-return]

    def set_run_note(self, dag_id: str, run_id: str, note: str) -> m.RunDetail:
        return self._call("set_run_note", run_path(dag_id, run_id), body=m.SetNote(note=note))  # type: ignore[no-any-return]

    # --- several at once --------------------------------------------------------------------------------------------

    def clear_runs(
        self,
        dag_id: str,
        run_ids: Sequence[str],
        task_ids: Sequence[str] = (),
        *,
        map_index: int | None = None,
        upstream: bool = False,
        downstream: bool = True,
        past: bool = False,
        future: bool = False,
        only_failed: bool = False,
        only_running: bool = False,
        only_new: bool = False,
        params: Mapping[str, Any] | None = None,
        version: str = "run",
        note: str | None = None,
        dry_run: bool = False,
    ) -> m.ClearAnswer:
        """Run tasks (without `task_ids`: all) of these runs again; with `dry_run` only say which these are."""
        body = m.ClearRuns(
            run_ids=list(run_ids),
            task_ids=list(task_ids),
            map_index=map_index,
            upstream=upstream,
            downstream=downstream,
            past=past,
            future=future,
            only_failed=only_failed,
            only_running=only_running,
            only_new=only_new,
            params=dict(params or {}),
            version=version,
            note=note,
            dry_run=dry_run,
        )
        return self._call("clear_runs", {"dag_id": dag_id}, body=body)  # type: ignore[no-any-return]

    def mark_tasks(
        self,
        dag_id: str,
        run_ids: Sequence[str],
        task_ids: Sequence[str],
        state: Literal["success", "failed", "skipped"],
        *,
        map_index: int | None = None,
        upstream: bool = False,
        downstream: bool = False,
        past: bool = False,
        future: bool = False,
        value: Any = msgspec.UNSET,
        note: str | None = None,
        dry_run: bool = False,
    ) -> m.MarkAnswer:
        """Say how tasks ended; with `value` (JSON) also what the one task has returned."""
        body = m.MarkTasks(
            run_ids=list(run_ids),
            task_ids=list(task_ids),
            state=state,
            map_index=map_index,
            upstream=upstream,
            downstream=downstream,
            past=past,
            future=future,
            value=value,
            note=note,
            dry_run=dry_run,
        )
        return self._call("mark_tasks", {"dag_id": dag_id}, body=body)  # type: ignore[no-any-return]

    def mark_runs(
        self,
        dag_id: str,
        run_ids: Sequence[str],
        state: Literal["success", "failed"],
        *,
        note: str | None = None,
    ) -> m.RunsDone:
        """Say how runs ended: what runs is ended, what has not begun is skipped."""
        body = m.MarkRuns(run_ids=list(run_ids), state=state, note=note)
        return self._call("mark_runs", {"dag_id": dag_id}, body=body)  # type: ignore[no-any-return]

    def cancel_runs(self, dag_id: str, run_ids: Sequence[str]) -> m.RunsDone:
        return self._call("cancel_runs", {"dag_id": dag_id}, body=m.SelectRuns(run_ids=list(run_ids)))  # type: ignore[no-any-return]

    def delete_runs(self, dag_id: str, run_ids: Sequence[str]) -> m.RunsDone:
        """With their tasks and attempts; they must be over."""
        return self._call("delete_runs", {"dag_id": dag_id}, body=m.SelectRuns(run_ids=list(run_ids)))  # type: ignore[no-any-return]


def _listed(state: str | Sequence[str] | None) -> str | None:
    return state if state is None or isinstance(state, str) else ",".join(state)
