"""What a DAG can be told once it is published: pause, look ahead, run the past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from studio.api.models import SchedulePreview
    from studio.authoring.backfills import Backfill, BackfillPlan
    from studio.core.spec import DagSpec
    from studio.widgets.views import View

    Date = str | date | datetime


class Actions:
    """This part of `DAG`: each of its methods is a call of the server, about the DAG as it is published."""

    dag_id: str

    if TYPE_CHECKING:

        @property
        def frame(self) -> DagSpec: ...

    def pause(self) -> None:
        """Start nothing new; what runs goes on."""
        from studio.authoring import handles  # noqa: PLC0415 - the client is heavy

        handles.set_paused(self.dag_id, True)

    def unpause(self) -> None:
        """Go on."""
        from studio.authoring import handles  # noqa: PLC0415

        handles.set_paused(self.dag_id, False)

    def next_runs(self, count: int = 5) -> SchedulePreview:
        """When the schedule starts the next runs, and which data they are about."""
        from studio.authoring import handles  # noqa: PLC0415

        return handles.client().next_runs(self.dag_id, count)

    def backfill(
        self,
        start: Date | None = None,
        end: Date | None = None,
        *,
        dates: Sequence[Date] | None = None,
        params_list: Sequence[Mapping[str, Any]] | None = None,
        only: Literal["missing", "failed", "all"] = "missing",
        reverse: bool = False,
        max_active_runs: int = 10,
        tasks: Sequence[str] = (),
        upstream: bool = True,
        params: Mapping[str, Any] | None = None,
        note: str | None = None,
    ) -> Backfill:
        """Make runs of the past: of the schedule from `start` to `end`, or of `dates`, or one for each `params_list`.

        Args:
            start: the first logical date, included; without offset it is in the DAG's time zone.
            end: the last logical date, included; without it, now.
            only: which dates: without a run; also those whose run failed; all.
            reverse: the newest first.
            tasks: only these tasks, with what they wait for (unless `upstream=False`).
        """
        from studio.authoring import backfills  # noqa: PLC0415

        return backfills.create(
            self.dag_id,
            start,
            end,
            dates=dates,
            params_list=params_list,
            only=only,
            reverse=reverse,
            max_active_runs=max_active_runs,
            tasks=tasks,
            upstream=upstream,
            params=params,
            note=note,
        )

    def preview_backfill(
        self, start: Date | None = None, end: Date | None = None, **asked: Any
    ) -> BackfillPlan:
        """What `backfill` would do with the same arguments; nothing is changed."""
        from studio.authoring import backfills  # noqa: PLC0415

        return backfills.preview(self.dag_id, start, end, **asked)

    def backfill_form(
        self,
        start: Date | None = None,
        end: Date | None = None,
        *,
        only: Literal["missing", "failed", "all"] = "missing",
        reverse: bool = False,
        max_active_runs: int = 10,
        tasks: Sequence[str] = (),
        params: Mapping[str, Any] | None = None,
    ) -> View:
        """A form for `backfill`, with what is given filled in: preview, start, progress. It starts nothing by itself.

        JupyterLab shows it, also long after the kernel has ended; other places show what is filled in, and the call.
        """
        from studio.authoring import views  # noqa: PLC0415

        return views.backfill_form(
            self.dag_id,
            start,
            end,
            only=only,
            reverse=reverse,
            max_active_runs=max_active_runs,
            tasks=tasks,
            params=params,
        )

    def params_form(self, params: Mapping[str, Any] | None = None) -> View:
        """A form for `trigger`: a typed field for each param, with `params` filled in. It starts nothing by itself."""
        from studio.authoring import views  # noqa: PLC0415

        return views.params_form(self.frame, params)

    def backfills(self, limit: int = 10) -> list[Backfill]:
        """The newest first."""
        from studio.authoring import backfills  # noqa: PLC0415

        return backfills.newest(self.dag_id, limit)
