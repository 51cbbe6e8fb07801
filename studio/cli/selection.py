"""Which runs a command is about: named, or those in some states, of some days, of a backfill."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any, TypeVar

import click

from studio.api.models import RunSummary
from studio.client import Client
from studio.core.dates import instant_of, zone_of
from studio.errors import InvalidInput, NotFound

Command = TypeVar("Command", bound=Callable[..., Any])

CHUNK = 1000  # runs in a request
_PAGE = 500
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Selection:
    """What was given on the command line."""

    run_ids: tuple[str, ...]
    state: str | None
    since: str | None
    until: str | None
    backfill: int | None

    @property
    def is_search(self) -> bool:
        return any((self.state, self.since, self.until, self.backfill))

    @property
    def is_empty(self) -> bool:
        return not (self.run_ids or self.is_search)


def selection_options(command: Command) -> Command:
    """`DAG_ID [RUN_ID…]` and the options that search for runs; `selected` makes run ids of them."""
    for option in (
        click.option("--backfill", type=click.IntRange(1), help="Runs of this backfill."),
        click.option("--until", metavar="DATE", help="Runs up to this date; a day is meant as a whole."),
        click.option("--since", metavar="DATE", help="Runs from this date on, in the DAG's time zone."),
        click.option("--state", help="Runs in these states, separated by commas."),
        click.option("--failed", is_flag=True, help="Runs that failed: short for --state failed."),
        click.argument("run_ids", metavar="[RUN_ID]...", nargs=-1),
        click.argument("dag_id"),
    ):
        command = option(command)
    return command


def selection_of(
    run_ids: Sequence[str],
    failed: bool,
    state: str | None,
    since: str | None,
    until: str | None,
    backfill: int | None,
) -> Selection:
    """What `selection_options` gave. Raises `InvalidInput` for two kinds at once."""
    if failed:
        if state is not None:
            raise InvalidInput(
                "--failed and --state exclude each other.", hint="Give --state failed,…", field="state"
            )
        state = "failed"
    made = Selection(tuple(run_ids), state, since, until, backfill)
    if made.run_ids and made.is_search:
        raise InvalidInput("Name runs, or search for them, not both.", field="run_ids")
    return made


def selected(client: Client, dag_id: str, selection: Selection, *, or_latest: bool) -> list[str]:
    """The run ids, newest first. Nothing given: the latest run, or, unless `or_latest`, `InvalidInput`.

    Raises `NotFound` if there are none.
    """
    if selection.run_ids:
        return list(dict.fromkeys(selection.run_ids))
    if selection.is_empty:
        if or_latest:
            return [latest(client, dag_id)]
        raise InvalidInput(
            "No run is named.", hint="Name run ids, or search with --state, --since, --until, --backfill."
        )
    found = [run.run_id for run in search(client, dag_id, selection)]
    if not found:
        raise NotFound(
            f"The DAG {dag_id!r} has no such run.", hint=f"See which there are: `studio runs list {dag_id}`."
        )
    return found


def search(client: Client, dag_id: str, selection: Selection) -> Iterator[RunSummary]:
    """All runs that fit, newest first."""
    zone = client.get_dag(dag_id).dag.timezone
    since = None if selection.since is None else _moment(selection.since, zone, "since")
    until = None if selection.until is None else _moment(selection.until, zone, "until")
    if selection.until is not None and until is not None and _DAY.fullmatch(selection.until):
        until += timedelta(days=1) - timedelta(microseconds=1)
    before: str | None = None
    while True:
        page = client.list_runs(
            dag_id, state=selection.state, backfill=selection.backfill, before=before, limit=_PAGE
        )
        for run in page.runs:
            moment = run.logical_date or run.run_after
            if (since is None or moment >= since) and (until is None or moment <= until):
                yield run
        if page.next is None:
            return
        before = page.next


def chunks(run_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """As many as one request takes."""
    for start in range(0, len(run_ids), CHUNK):
        yield run_ids[start : start + CHUNK]


def end_of(until: str) -> str:
    """What `until` of `list_runs`, which is exclusive, is to be: a day becomes the next one.

    What is no date stays as it is: the server says what is wrong with it.
    """
    if not _DAY.fullmatch(until):
        return until
    try:
        return (date.fromisoformat(until) + timedelta(days=1)).isoformat()
    except (ValueError, OverflowError):
        return until


def _moment(text: str, zone: str, field: str) -> datetime:
    return datetime.fromtimestamp(instant_of(text, zone_of(zone), field), timezone.utc)


def latest(client: Client, dag_id: str) -> str:
    """The id of the DAG's newest run."""
    found = client.get_dag(dag_id).dag.runs
    if not found:
        raise NotFound(f"The DAG {dag_id!r} has no run.", hint=f"Start one: `studio dags trigger {dag_id}`.")
    return found[0].run_id
