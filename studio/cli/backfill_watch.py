"""Showing and following backfills in the terminal."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Final

import click

from studio.api.models import BackfillInfo
from studio.cli.show import console, moment, plain, print_json, seconds_text, state
from studio.client import Client
from studio.errors import NotFound

if TYPE_CHECKING:
    from rich.console import RenderableType

INTERVAL: Final = 0.5  # seconds between looks
_ENDED: Final = ("success", "failed", "cancelled")

BACKFILL_COLUMNS: Final = ("backfill", "DAG", "state", "from", "to", "runs", "left")


def find_backfill(client: Client, which: str) -> BackfillInfo:
    """By its number, or the newest of a DAG. Raises `NotFound`."""
    if which.isdecimal():
        return client.get_backfill(int(which))
    newest = client.list_backfills(which, limit=1).backfills
    if not newest:
        raise NotFound(
            f"The DAG {which!r} has no backfill.",
            hint=f"Make one: `studio backfill create {which} --from …`.",
        )
    return newest[0]


def backfill_row(found: BackfillInfo) -> tuple[str, ...]:
    left = "" if found.seconds_left is None else f"about {seconds_text(found.seconds_left)}"
    return (
        str(found.id),
        plain(found.dag_id),
        state(found.state),
        moment(found.start),
        moment(found.end),
        _counts(found),
        left,
    )


def _counts(found: BackfillInfo) -> str:
    parts = [f"{found.counts[name]} {name}" for name in sorted(found.counts)]
    return f"{found.ended}/{sum(found.counts.values())}" + (f" ({', '.join(parts)})" if parts else "")


def watch_backfill(client: Client, number: int, *, as_json: bool) -> int:
    """Show the backfill until it has ended, with all its runs. 0: all of them succeeded; 1: not."""
    if as_json:
        while _goes_on(last := client.get_backfill(number)):
            time.sleep(INTERVAL)
        print_json(last)
    elif sys.stdout.isatty():
        last = _live(client, number)
    else:
        last = _lines(client, number)
    failed = sum(last.counts.get(name, 0) for name in ("failed", "cancelled"))
    if failed and not as_json:
        hint = f"studio runs list --backfill {number} --state failed,cancelled"
        click.echo(f"Which: `{hint}`.", err=True)
    return 1 if failed or last.state == "cancelled" else 0


def _goes_on(found: BackfillInfo) -> bool:
    unfinished = sum(number for name, number in found.counts.items() if name not in _ENDED)
    return found.state in ("running", "paused") or unfinished > 0


def _live(client: Client, number: int) -> BackfillInfo:
    from rich.live import Live  # noqa: PLC0415 - loaded when it is shown

    with Live(console=console(), refresh_per_second=4) as live:
        while True:
            last = client.get_backfill(number)
            live.update(_view(last))
            if not _goes_on(last):
                return last
            time.sleep(INTERVAL)


def _view(found: BackfillInfo) -> RenderableType:
    from rich.console import Group  # noqa: PLC0415 - as above
    from rich.progress_bar import ProgressBar  # noqa: PLC0415

    left = "" if found.seconds_left is None else f"  about {seconds_text(found.seconds_left)} left"
    return Group(
        f"{plain(found.dag_id)}  backfill {found.id}  {state(found.state)}  {_counts(found)}{left}",
        ProgressBar(total=max(1, sum(found.counts.values())), completed=found.ended, width=60),
    )


def _lines(client: Client, number: int) -> BackfillInfo:
    """Without a terminal: a line for each change."""
    told = ""
    while True:
        last = client.get_backfill(number)
        line = f"{last.state}: {_counts(last)}"
        if line != told:
            click.echo(line)
            told = line
        if not _goes_on(last):
            return last
        time.sleep(INTERVAL)
