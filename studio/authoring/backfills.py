"""Backfills of a published DAG: what one would do, and one that was made."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, Final

from studio.api.models import BackfillDate, BackfillInfo, BackfillPreview
from studio.authoring.arguments import date_text
from studio.authoring.handles import client
from studio.authoring.views import backfill_view
from studio.client import backfill_of
from studio.widgets.runs import RunTable

Date = str | date | datetime

_LOOK: Final = 0.5  # seconds between looks at a backfill that is waited for
_SHOWN: Final = 10  # dates in the text of a plan
_MAX_RUNS: Final = 500


class BackfillPlan(Sequence[BackfillDate]):
    """What a backfill would do about each date; a sequence of `studio.api.models.BackfillDate`."""

    def __init__(self, preview: BackfillPreview) -> None:
        self.counts = preview.counts  # decision → dates
        self.seconds = preview.seconds  # an estimate; None: no run of the DAG has succeeded yet
        self._dates = preview.runs

    def __len__(self) -> int:
        return len(self._dates)

    def __getitem__(self, index: int) -> BackfillDate:  # type: ignore[override]
        return self._dates[index]

    def __repr__(self) -> str:
        made, again, left = (self.counts[word] for word in ("create", "clear", "skip"))
        about = "" if self.seconds is None else f"; about {self.seconds:.0f} s"
        lines = [f"{made} runs to make, {again} to repeat, {left} left alone{about}."]
        for each in self._dates[:_SHOWN]:
            when = (
                "without a date" if each.logical_date is None else f"{each.logical_date:%Y-%m-%d %H:%M} UTC"
            )
            lines.append(f"  {each.decision}  {when}  {each.reason}")
        if len(self) > _SHOWN:
            lines.append(f"  … and {len(self) - _SHOWN} more")
        return "\n".join(lines)


class Backfill:
    """A backfill. Its state is asked for when it is looked at; in JupyterLab it is shown live, with its buttons."""

    def __init__(self, info: BackfillInfo) -> None:
        self._info = info

    @property
    def id(self) -> int:
        return self._info.id

    @property
    def state(self) -> str:
        """As it is now: running, paused, cancelled or done."""
        return self.refresh().state

    def refresh(self) -> BackfillInfo:
        """The backfill as it is now."""
        return self._now(client().get_backfill(self.id))

    def wait(
        self, timeout: float | None = None, on_change: Callable[[BackfillInfo], object] | None = None
    ) -> Backfill:
        """Return when it has ended, with all its runs; `TimeoutError` after `timeout` seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        seen: BackfillInfo | None = None
        while True:
            before, seen = seen, self.refresh()
            if on_change is not None and seen != before:
                on_change(seen)
            if seen.state in ("done", "cancelled") and seen.ended == sum(seen.counts.values()):
                return self
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError(f"The backfill {self.id} has not ended within {timeout:g} s.")
            time.sleep(_LOOK)

    def pause(self) -> Backfill:
        """Start no more of its runs; what runs goes on."""
        return self._changed("pause")

    def resume(self) -> Backfill:
        """Go on."""
        return self._changed("unpause")

    def cancel(self, *, stop_running: bool = False) -> Backfill:
        """Do not start what waits; what runs goes on, unless `stop_running`."""
        return self._changed("cancel", stop_running=stop_running)

    def extend(self, end: Date | None = None, *, dates: Sequence[Date] | None = None) -> Backfill:
        """Add runs: up to a later date, or for more dates."""
        return self._changed("extend", end=date_text(end, "end"), dates=_texts(dates))

    def limit(self, max_active_runs: int) -> Backfill:
        """Let so many of its runs be active at once."""
        return self._changed("limit", max_active_runs=max_active_runs)

    def runs(self) -> RunTable:
        """Its runs, newest first; at most 500."""
        found = client().list_runs(self._info.dag_id, backfill=self.id, limit=_MAX_RUNS).runs
        return RunTable(self._info.dag_id, found)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Any:
        return backfill_view(self._info)._repr_mimebundle_()

    def __repr__(self) -> str:
        info = self._info
        counts = ", ".join(f"{number} {state}" for state, number in sorted(info.counts.items()))
        total = sum(info.counts.values())
        return (
            f"{info.dag_id} / backfill {info.id}: {info.state}, {info.ended} of {total} runs ended ({counts})"
        )

    def _changed(self, action: Any, **change: Any) -> Backfill:
        self._now(client().change_backfill(self.id, action, **change))
        return self

    def _now(self, info: BackfillInfo) -> BackfillInfo:
        self._info = info
        return info


def create(dag_id: str, start: Date | None, end: Date | None, **asked: Any) -> Backfill:
    """Make it; `asked` as in `studio.client.backfill_of`."""
    return Backfill(client().create_backfill(dag_id, _body(start, end, **asked)))


def preview(dag_id: str, start: Date | None, end: Date | None, **asked: Any) -> BackfillPlan:
    """What it would do."""
    return BackfillPlan(client().preview_backfill(dag_id, _body(start, end, **asked)))


def newest(dag_id: str, limit: int) -> list[Backfill]:
    """The newest first."""
    return [Backfill(info) for info in client().list_backfills(dag_id, limit=limit).backfills]


def _body(start: Date | None, end: Date | None, *, dates: Sequence[Date] | None = None, **asked: Any) -> Any:
    return backfill_of(date_text(start, "start"), date_text(end, "end"), dates=_texts(dates), **asked)


def _texts(dates: Sequence[Date] | None) -> list[str] | None:
    return None if dates is None else [str(date_text(each, "dates")) for each in dates]
