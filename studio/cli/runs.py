"""`studio runs …`."""

from __future__ import annotations

import click

from studio.cli.show import RUN_COLUMNS, console, json_option, print_json, print_table, run_row, run_view
from studio.cli.watch import watch_run
from studio.client import Client, connect
from studio.errors import NotFound


@click.group()
def runs() -> None:
    """List, show, watch and cancel runs. Where a RUN_ID is left out, the latest run is meant."""


@runs.command("list")
@click.argument("dag_id", required=False)
@click.option("--state", help="Only runs in these states, separated by commas.")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@json_option
def list_(dag_id: str | None, state: str | None, limit: int, as_json: bool) -> int:
    """Runs, newest first."""
    with connect() as client:
        page = client.list_runs(dag_id, state=state, limit=limit)
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
@click.argument("run_id", required=False)
@json_option
def cancel(dag_id: str, run_id: str | None, as_json: bool) -> int:
    """End what runs, do not start what waits."""
    with connect() as client:
        detail = client.cancel_run(dag_id, run_id or latest(client, dag_id))
    if as_json:
        print_json(detail)
    else:
        click.echo(f"{detail.run.run_id} is being cancelled.")
    return 0


def latest(client: Client, dag_id: str) -> str:
    """The id of the DAG's newest run."""
    found = client.get_dag(dag_id).dag.runs
    if not found:
        raise NotFound(f"The DAG {dag_id!r} has no run.", hint=f"Start one: `studio dags trigger {dag_id}`.")
    return found[0].run_id
