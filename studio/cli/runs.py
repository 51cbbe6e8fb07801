"""`studio runs …`."""

from __future__ import annotations

import click

from studio.cli.run_actions import cancel, clear, delete, mark
from studio.cli.selection import end_of, latest
from studio.cli.show import (
    RUN_COLUMNS,
    console,
    json_option,
    plain,
    print_json,
    print_table,
    run_row,
    run_view,
    state,
)
from studio.cli.watch import watch_run
from studio.client import connect


@click.group()
def runs() -> None:
    """List, show, watch, clear, mark, cancel and delete runs.

    Where no RUN_ID is given, the latest run is meant (but for delete); --state, --since and their like choose others.
    """


for command in (cancel, clear, mark, delete):
    runs.add_command(command)


@runs.command("list")
@click.argument("dag_id", required=False)
@click.option("--state", help="Only runs in these states, separated by commas.")
@click.option("--type", "type_", help="Only runs of these types, separated by commas.")
@click.option("--since", metavar="DATE", help="Only runs from this date on, in the DAG's time zone, or UTC.")
@click.option("--until", metavar="DATE", help="Only runs before this date; a day is meant as a whole.")
@click.option("--search", metavar="TEXT", help="Only runs with this text in their run id or note.")
@click.option("--backfill", type=click.IntRange(1), help="Only runs of this backfill.")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@json_option
def list_(
    dag_id: str | None,
    state: str | None,
    type_: str | None,
    since: str | None,
    until: str | None,
    search: str | None,
    backfill: int | None,
    limit: int,
    as_json: bool,
) -> int:
    """Runs, newest first."""
    with connect() as client:
        page = client.list_runs(
            dag_id,
            state=state,
            type=type_,
            since=since,
            until=None if until is None else end_of(until),
            search=search,
            backfill=backfill,
            limit=limit,
        )
    if as_json:
        print_json(page)
    else:
        print_table(
            RUN_COLUMNS, [run_row(run) for run in page.runs], "No runs. Start one: `studio dags trigger DAG`."
        )
    return 0


@runs.command()
@click.argument("dag_id")
@click.argument("run_id", required=False)
@json_option
def show(dag_id: str, run_id: str | None, as_json: bool) -> int:
    """A run with its tasks."""
    with connect() as client:
        detail = client.get_run(dag_id, run_id or latest(client, dag_id))
    if as_json:
        print_json(detail)
    else:
        console().print(run_view(detail))
        if (link := detail.run.triggered_by_task) is not None:
            index = f"[{link.map_index}]" if link.map_index >= 0 else ""
            click.echo(
                f"Triggered by the task {link.task_id}{index} in the run {link.run_id} of {link.dag_id}."
            )
        if detail.run.note:
            click.echo(detail.run.note)
    return 0


@runs.command()
@click.argument("dag_id")
@click.argument("run_id", required=False)
@json_option
def why(dag_id: str, run_id: str | None, as_json: bool) -> int:
    """Why a run does not go on, in words."""
    with connect() as client:
        run = run_id or latest(client, dag_id)
        found = client.why_run(dag_id, run)
    if as_json:
        print_json(found)
        return 0
    console().print(f"{plain(run)}: {state(found.state)}")
    for reason in found.reasons:
        click.echo(reason.message)
    return 0


@runs.command()
@click.argument("dag_id")
@click.argument("run_id", required=False)
@json_option
def watch(dag_id: str, run_id: str | None, as_json: bool) -> int:
    """Follow a run to its end. Exit code 1 if it does not succeed."""
    with connect() as client:
        return watch_run(client, dag_id, run_id or latest(client, dag_id), as_json=as_json)


@runs.command()
@click.argument("dag_id")
@click.argument("run_id")
@click.argument("text")
@json_option
def note(dag_id: str, run_id: str, text: str, as_json: bool) -> int:
    """Write a note to a run; an empty text removes it."""
    with connect() as client:
        detail = client.set_run_note(dag_id, run_id, text)
    if as_json:
        print_json(detail.run)
    else:
        click.echo(f"{run_id}: {'noted' if text else 'the note is gone'}.")
    return 0
