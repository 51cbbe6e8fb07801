"""Runs as a table: live in JupyterLab, HTML for other notebooks, text for everywhere else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any, Final

from studio.api.models import RunSummary
from studio.widgets.looks import look_of
from studio.widgets.tables import table_html, table_text, took
from studio.widgets.views import Still, View, call_text

_COLUMNS: Final = ("run", "state", "tasks", "started", "took")


class RunTable(Sequence[RunSummary]):
    """Runs, newest first. A list of `studio.api.models.RunSummary` that shows itself as a table.

    `limit`: they are the newest runs of the DAG, as many as that; our front end then shows those that come, too.
    """

    def __init__(self, dag_id: str, runs: Sequence[RunSummary], limit: int | None = None) -> None:
        self.dag_id = dag_id
        self._runs = list(runs)
        self._limit = limit

    def __len__(self) -> int:
        return len(self._runs)

    def __iter__(self) -> Iterator[RunSummary]:
        return iter(self._runs)

    def __getitem__(self, index: int) -> RunSummary:  # type: ignore[override]
        return self._runs[index]

    def __repr__(self) -> str:
        if not self._runs:
            return f"The DAG {self.dag_id} has no runs yet; start one with dag.trigger()."
        return table_text(_COLUMNS, [_cells(run) for run in self._runs])

    def _repr_html_(self) -> str:
        if not self._runs:
            return f"<p>{escape(repr(self))}</p>"
        return table_html(_COLUMNS, [_cells(run) for run in self._runs])

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Any:
        if self._limit is None:
            return {"text/html": self._repr_html_(), "text/plain": repr(self)}
        view = View(
            "runs",
            self.dag_id,
            call_text("dag.runs", self._limit),
            Still(self._repr_html_(), repr(self)),
            options={"limit": self._limit},
        )
        return view._repr_mimebundle_()


def _cells(run: RunSummary) -> tuple[str, ...]:
    look = look_of(run.state.value)
    state = f"{look.glyph} {look.label}" + (" (with failures)" if run.with_failures else "")
    done = sum(n for name, n in run.counts.items() if name in ("success", "skipped"))
    return (
        run.run_id,
        state,
        f"{done} of {sum(run.counts.values())}",
        "" if run.started_at is None else f"{run.started_at:%Y-%m-%d %H:%M:%S}",
        took(run.started_at, run.ended_at),
    )
