"""Runs as a table: HTML for notebooks, text for everywhere else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from html import escape

from studio.api.models import RunSummary
from studio.widgets.looks import look_of

_COLUMNS = ("run", "state", "tasks", "started", "took")


class RunTable(Sequence[RunSummary]):
    """Runs, newest first. A list of `studio.api.models.RunSummary` that shows itself as a table."""

    def __init__(self, dag_id: str, runs: Sequence[RunSummary]) -> None:
        self.dag_id = dag_id
        self._runs = list(runs)

    def __len__(self) -> int:
        return len(self._runs)

    def __iter__(self) -> Iterator[RunSummary]:
        return iter(self._runs)

    def __getitem__(self, index: int) -> RunSummary:  # type: ignore[override]
        return self._runs[index]

    def __repr__(self) -> str:
        if not self._runs:
            return f"The DAG {self.dag_id} has no runs yet; start one with dag.trigger()."
        rows = [_COLUMNS, *(_cells(run) for run in self._runs)]
        widths = [max(len(row[i]) for row in rows) for i in range(len(_COLUMNS))]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        )

    def _repr_html_(self) -> str:
        if not self._runs:
            return f"<p>{escape(repr(self))}</p>"
        head = "".join(f"<th style='text-align:left'>{column}</th>" for column in _COLUMNS)
        body = "".join(
            "<tr>"
            + "".join(f"<td style='text-align:left'>{escape(cell)}</td>" for cell in _cells(run))
            + "</tr>"
            for run in self._runs
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cells(run: RunSummary) -> tuple[str, ...]:
    look = look_of(run.state.value)
    state = f"{look.glyph} {look.label}" + (" (with failures)" if run.with_failures else "")
    done = sum(n for name, n in run.counts.items() if name in ("success", "skipped"))
    return (
        run.run_id,
        state,
        f"{done} of {sum(run.counts.values())}",
        "" if run.started_at is None else f"{run.started_at:%Y-%m-%d %H:%M:%S}",
        _took(run.started_at, run.ended_at),
    )


def _took(start: datetime | None, end: datetime | None) -> str:
    if start is None or end is None:
        return ""
    seconds = (end - start).total_seconds()
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
