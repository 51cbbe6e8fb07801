"""`studio assets …`."""

from __future__ import annotations

import click

from studio.api.models import QueuedEvents
from studio.cli.options import confirm, params_of, yes_option
from studio.cli.show import json_option, moment, plain, print_json, print_table
from studio.cli.watch import watch_run
from studio.client import connect


@click.group()
def assets() -> None:
    """What tasks make and DAGs wait for."""


@assets.command("list")
@json_option
def list_(as_json: bool) -> int:
    """All assets, with the tasks that make them and the DAGs that wait for them."""
    with connect() as client:
        found = client.list_assets()
    if as_json:
        print_json(found)
        return 0
    rows = [
        (
            plain(asset.name),
            plain(asset.uri),
            plain(asset.group),
            plain(", ".join(f"{task.dag_id}.{task.task_id}" for task in asset.producers)),
            plain(", ".join(asset.consumers)),
        )
        for asset in found.assets
    ]
    empty = "No assets. A task names what it makes: outlets=[…]."
    print_table(("asset", "uri", "group", "made by", "waited for by"), rows, empty)
    return 0


@assets.command()
@click.argument("asset", required=False)
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@json_option
def events(asset: str | None, limit: int, as_json: bool) -> int:
    """When assets were made, newest first."""
    with connect() as client:
        page = client.list_asset_events(asset, limit=limit)
    if as_json:
        print_json(page)
        return 0
    rows = [
        (
            moment(event.at),
            plain(event.asset),
            plain(f"{event.dag_id}.{event.task_id}" if event.dag_id else f"by hand: {event.actor}"),
            plain(event.run_id),
        )
        for event in page.events
    ]
    print_table(("at", "asset", "by", "run"), rows, "No events yet.")
    return 0


@assets.command()
@click.argument("asset")
@click.option("--extra", multiple=True, metavar="NAME=VALUE", help="What to know of it; JSON or text.")
@json_option
def emit(asset: str, extra: tuple[str, ...], as_json: bool) -> int:
    """Say that an asset was made anew: the DAGs that wait for it may run."""
    told = params_of(extra, "extra")
    with connect() as client:
        emitted = client.emit_event(asset, told)
    if as_json:
        print_json(emitted)
    else:
        runs = f"it starts {', '.join(emitted.dags)}" if emitted.dags else "no DAG starts because of it"
        click.echo(f"Event {emitted.event}: {runs}.")
    return 0


@assets.command()
@click.argument("asset")
@click.option("--dag", "dag_id", help="Which DAG is to make it, if several can.")
@click.option("--watch", is_flag=True, help="Follow the run to its end.")
@json_option
def materialize(asset: str, dag_id: str | None, watch: bool, as_json: bool) -> int:
    """Run the DAG whose task makes the asset."""
    with connect() as client:
        detail = client.materialize(asset, dag_id)
        if watch:
            return watch_run(client, detail.run.dag_id, detail.run.run_id, as_json=as_json)
    if as_json:
        print_json(detail)
    else:
        click.echo(f"Started {detail.run.dag_id} / {detail.run.run_id}")
    return 0


@assets.command()
@click.argument("dag_id")
@json_option
def queued(dag_id: str, as_json: bool) -> int:
    """The events that a DAG has not used yet, and what it waits for."""
    with connect() as client:
        found = client.queued_events(dag_id)
    _print_queued(found, as_json)
    return 0


@assets.command()
@click.argument("dag_id")
@click.option("--asset", help="Only those of this asset.")
@yes_option
@json_option
def forget(dag_id: str, asset: str | None, yes: bool, as_json: bool) -> int:
    """Forget the events that a DAG has not used yet."""
    confirm(f"Forget the queued events of {asset or 'all assets'} for {dag_id}?", yes=yes)
    with connect() as client:
        found = client.forget_events(dag_id, asset)
    _print_queued(found, as_json)
    return 0


def _print_queued(found: QueuedEvents, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    if found.condition is not None:
        click.echo(f"{found.dag_id} runs on {found.condition}")
    rows = [(plain(asset.asset), str(len(asset.events)) if asset.events else "") for asset in found.assets]
    print_table(("asset", "events"), rows, f"{found.dag_id} waits for no asset.")
