"""`studio backfill …`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from studio.api.models import BackfillPreview, CreateBackfill
from studio.cli.backfill_watch import BACKFILL_COLUMNS, backfill_row, find_backfill, watch_backfill
from studio.cli.options import confirm, counted, param_option, params_of, yes_option
from studio.cli.show import json_option, moment, plain, print_json, print_table, seconds_text, state
from studio.client import backfill_of, connect
from studio.errors import InvalidInput

Command = TypeVar("Command", bound=Callable[..., Any])


@click.group()
def backfill() -> None:
    """Runs of the past. A BACKFILL is its number, or a DAG: then its newest is meant."""


def _asked(command: Command) -> Command:
    """The options that say what a backfill does; `_body` reads them."""
    for option in (
        click.option("--note", help="A text for people."),
        click.option("--version", default="latest", show_default=True, hidden=True),
        param_option,
        click.option("--no-upstream", is_flag=True, help="Without what these tasks wait for."),
        click.option("--task", "tasks", multiple=True, help="Only these tasks, with what they wait for."),
        click.option("--max-active-runs", type=int, default=10, show_default=True, help="Runs at once."),
        click.option("--reverse", is_flag=True, help="The newest first."),
        click.option(
            "--only",
            type=click.Choice(["missing", "failed", "all"]),
            default="missing",
            show_default=True,
            help="Dates without a run; also those whose run failed; also all others.",
        ),
        click.option(
            "--params-file",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="A run for each item of this JSON list of params, without dates.",
        ),
        click.option("--date", "dates", multiple=True, help="One date; may be given several times."),
        click.option(
            "--to", "end", help="The last logical date, included (a day: its midnight); without it, now."
        ),
        click.option("--from", "start", help="The first logical date, included."),
        click.argument("dag_id"),
    ):
        command = option(command)
    return command


def _body(
    start: str | None,
    end: str | None,
    dates: tuple[str, ...],
    params_file: Path | None,
    params: tuple[str, ...],
    no_upstream: bool,
    **more: Any,
) -> CreateBackfill:
    params_list = None if params_file is None else _params_list(params_file)
    return backfill_of(
        start,
        end,
        dates=dates or None,
        params_list=params_list,
        params=params_of(params),
        upstream=not no_upstream,
        **more,
    )


def _params_list(file: Path) -> list[dict[str, Any]]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InvalidInput(f"{file} is no JSON: {error}.", field="params_file") from error
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise InvalidInput(
            f"{file} is no list of objects.", hint='For example [{"day": "2013-01-01"}].', field="params_file"
        )
    return found


@backfill.command()
@_asked
@json_option
def preview(dag_id: str, as_json: bool, **asked: Any) -> int:
    """Which runs a backfill would make, and how long they may take. Nothing is changed."""
    with connect() as client:
        found = client.preview_backfill(dag_id, _body(**asked))
    if as_json:
        print_json(found)
        return 0
    rows = [
        (moment(run.logical_date), state(run.decision), plain(run.reason), plain(run.run_id))
        for run in found.runs
    ]
    print_table(("logical date (here)", "what", "because it", "run"), rows, "No dates.")
    click.echo(_summary(found))
    return 0


def _summary(found: BackfillPreview) -> str:
    counts = found.counts
    parts = [
        f"{counted(counts['create'], 'run')} to make",
        f"{counts['clear']} to repeat",
        f"{counts['skip']} left alone",
    ]
    time = "" if found.seconds is None else f"; about {seconds_text(found.seconds)}"
    return f"{', '.join(parts)}{time}."


@backfill.command()
@_asked
@click.option("--watch", is_flag=True, help="Follow it to its end.")
@json_option
def create(dag_id: str, watch: bool, as_json: bool, **asked: Any) -> int:
    """Make the runs. Look at `preview` first."""
    with connect() as client:
        made = client.create_backfill(dag_id, _body(**asked))
        if watch:
            return watch_backfill(client, made.id, as_json=as_json)
    if as_json:
        print_json(made)
    else:
        click.echo(f"Backfill {made.id}: {counted(made.runs, 'run')}.")
        click.echo(f"Follow it with `studio backfill watch {made.id}`.", err=True)
    return 0


@backfill.command("list")
@click.argument("dag_id", required=False)
@click.option("--state", help="Only these, separated by commas: running, paused, cancelled, done.")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@json_option
def list_(dag_id: str | None, state: str | None, limit: int, as_json: bool) -> int:
    """Backfills of a DAG, or of all, newest first."""
    with connect() as client:
        found = client.list_backfills(dag_id, state=state, limit=limit)
    if as_json:
        print_json(found)
    else:
        rows = [backfill_row(each) for each in found.backfills]
        print_table(BACKFILL_COLUMNS, rows, "No backfills. Make one: `studio backfill create DAG --from …`.")
    return 0


@backfill.command()
@click.argument("which", metavar="BACKFILL")
@json_option
def show(which: str, as_json: bool) -> int:
    """A backfill and how far it is."""
    with connect() as client:
        found = find_backfill(client, which)
    if as_json:
        print_json(found)
        return 0
    print_table(BACKFILL_COLUMNS, [backfill_row(found)], "")
    click.echo(
        f"{counted(found.max_active_runs, 'run')} at once; by {found.actor}, {moment(found.created_at)}"
    )
    if found.note:
        click.echo(found.note)
    click.echo(f"Its runs: `studio runs list --backfill {found.id}`.", err=True)
    return 0


@backfill.command()
@click.argument("which", metavar="BACKFILL")
@json_option
def watch(which: str, as_json: bool) -> int:
    """Follow a backfill to its end. Exit code 1 unless all its runs succeed."""
    with connect() as client:
        return watch_backfill(client, find_backfill(client, which).id, as_json=as_json)


@backfill.command()
@click.argument("which", metavar="BACKFILL")
@json_option
def pause(which: str, as_json: bool) -> int:
    """Start no more of its runs; what runs goes on."""
    return _change(which, as_json, "paused", action="pause")


@backfill.command()
@click.argument("which", metavar="BACKFILL")
@json_option
def resume(which: str, as_json: bool) -> int:
    """Go on."""
    return _change(which, as_json, "running", action="unpause")


@backfill.command()
@click.argument("which", metavar="BACKFILL")
@click.option("--stop-running", is_flag=True, help="End what runs, too.")
@yes_option
@json_option
def cancel(which: str, stop_running: bool, yes: bool, as_json: bool) -> int:
    """Do not start what waits; what runs goes on, unless --stop-running."""
    confirm(f"Cancel the backfill {which}{', with what runs' if stop_running else ''}?", yes=yes)
    return _change(which, as_json, "cancelled", action="cancel", stop_running=stop_running)


@backfill.command()
@click.argument("which", metavar="BACKFILL")
@click.option("--to", "end", help="The new last logical date, included.")
@click.option("--date", "dates", multiple=True, help="One more date; may be given several times.")
@json_option
def extend(which: str, end: str | None, dates: tuple[str, ...], as_json: bool) -> int:
    """Add runs: up to a later date, or for more dates."""
    return _change(which, as_json, "extended", action="extend", end=end, dates=dates or None)


@backfill.command()
@click.argument("which", metavar="BACKFILL")
@click.argument("max_active_runs", type=click.IntRange(1))
@json_option
def limit(which: str, max_active_runs: int, as_json: bool) -> int:
    """Let so many of its runs be active at once."""
    words = f"limited to {counted(max_active_runs, 'run')} at once"
    return _change(which, as_json, words, action="limit", max_active_runs=max_active_runs)


def _change(which: str, as_json: bool, words: str, **change: Any) -> int:
    with connect() as client:
        found = client.change_backfill(find_backfill(client, which).id, **change)
    if as_json:
        print_json(found)
    else:
        click.echo(f"The backfill {found.id} is {words}: {found.ended} of {found.runs} runs have ended.")
    return 0
