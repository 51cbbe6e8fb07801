"""How commands print: tables for people, JSON for scripts."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click
import msgspec

from studio.api.models import RunDetail, RunSummary, TaskStatus
from studio.core.states import TERMINAL

if TYPE_CHECKING:
    from rich.console import Console, Group
    from rich.table import Table

Command = TypeVar("Command", bound=Callable[..., Any])

#: State → (sign, colour). The sign tells without colour.
STATES: Final = {
    "none": ("·", "dim"),
    "scheduled": ("◌", "cyan"),
    "queued": ("○", "cyan"),
    "running": ("●", "blue"),
    "stopping": ("◍", "yellow"),
    "restarting": ("◍", "yellow"),
    "up_for_retry": ("↻", "yellow"),
    "success": ("✓", "green"),
    "failed": ("✗", "red"),
    "skipped": ("»", "magenta"),
    "upstream_failed": ("⊘", "red"),
    "cancelled": ("⊗", "yellow"),
    "lost": ("?", "red"),
    "up_for_reschedule": ("◷", "yellow"),
    "rescheduled": ("◷", "yellow"),
    "deferred": ("◷", "cyan"),
    "awaiting_input": ("?", "magenta"),
    "removed": ("–", "dim"),
    "paused": ("‖", "yellow"),
    "done": ("✓", "green"),
    "create": ("+", "green"),
    "clear": ("↻", "yellow"),
    "skip": ("»", "dim"),
}

_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def printable(text: str) -> str:
    """Text of others without colours and control characters, which a terminal would obey."""
    return _CONTROL.sub("", text)


def json_option(command: Command) -> Command:
    """`--json`, as the parameter `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")(command)


def print_json(value: Any) -> None:
    """One line of JSON as it went over the wire."""
    click.echo(msgspec.json.encode(value).decode())


def console() -> Console:
    from rich.console import Console  # noqa: PLC0415 - loaded by commands that print, not by --help

    width = None if sys.stdout.isatty() else 200  # a pipe has none; `grep` likes a row on one line
    return Console(file=sys.stdout, highlight=False, width=width)


def table(*columns: str) -> Table:
    from rich.table import Table  # noqa: PLC0415 - as above

    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], empty: str) -> None:
    """A table, or what to do when there is nothing in it. Cells may hold rich's markup: escape what is given."""
    if not rows:
        click.echo(empty)
        return
    made = table(*columns)
    for row in rows:
        made.add_row(*row)
    console().print(made)


def plain(text: str | None) -> str:
    """Text of others, harmless in a table: no markup, no control characters."""
    from rich.markup import escape  # noqa: PLC0415 - as above

    return escape("".join(c if c.isprintable() else "\ufffd" for c in text or ""))


def state(value: str) -> str:
    sign, colour = STATES.get(value, ("?", "white"))
    return f"[{colour}]{sign} {value}[/]"


def moment(value: datetime | None) -> str:
    """In local time, to the second."""
    return "" if value is None else value.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def duration(start: datetime | None, end: datetime | None) -> str:
    """How long it took, or has taken so far."""
    if start is None:
        return ""
    return seconds_text(max(0.0, ((end or datetime.now(timezone.utc)) - start).total_seconds()))


def seconds_text(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def run_row(run: RunSummary) -> tuple[str, ...]:
    done = sum(run.counts.get(state.value, 0) for state in TERMINAL)
    return (
        plain(run.dag_id),
        plain(run.run_id),
        state(run.state.value) + (" with failures" if run.with_failures else ""),
        f"{done}/{sum(run.counts.values())}",
        moment(run.started_at),
        duration(run.started_at, run.ended_at),
    )


RUN_COLUMNS: Final = ("DAG", "run", "state", "tasks", "started", "took")


def run_view(detail: RunDetail) -> Group:
    """A line about the run, and its tasks."""
    from rich.console import Group  # noqa: PLC0415 - as above

    run = detail.run
    made = table("task", "state", "try", "started", "took")
    for task in detail.tasks:
        name = plain(task_name(task))
        took = duration(task.started_at, task.ended_at)
        made.add_row(name, state(task.state.value), tries(task), moment(task.started_at), took)
    return Group(f"{plain(run.dag_id)}  {plain(run.run_id)}  {state(run.state.value)}", made)


def task_name(task: TaskStatus) -> str:
    """With its label, or its map index."""
    if task.map_index < 0:
        return task.task_id
    return f"{task.task_id}[{task.label or task.map_index}]"


def tries(task: TaskStatus) -> str:
    return f"{task.try_number}/{task.max_tries}" if task.try_number else ""
