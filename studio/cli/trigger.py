"""`studio dags trigger`."""

from __future__ import annotations

from typing import Literal

import click

from studio.cli.options import param_option, params_of
from studio.cli.show import json_option, print_json
from studio.cli.watch import watch_run
from studio.client import connect


@click.command()
@click.argument("dag_id")
@click.option("--date", "logical_date", help="Logical date, for example 2013-01-31; in the DAG's time zone.")
@click.option("--interval", nargs=2, metavar="FROM TO", help="The data it is about; needs --date.")
@param_option
@click.option("--run-id", help="An id of your own; without it one is made.")
@click.option("--note", help="A text for people.")
@click.option("--task", "subset", multiple=True, help="Run only these tasks.")
@click.option("--unpause", "if_paused", flag_value="unpause", help="Unpause the DAG if it is paused.")
@click.option(
    "--queue", "if_paused", flag_value="queue", help="If the DAG is paused, wait until it is not any more."
)
@click.option("--refresh-cache", is_flag=True, help="Cached results do not count; its own replace them.")
@click.option("--watch", is_flag=True, help="Follow the run to its end.")
@json_option
def trigger(
    dag_id: str,
    logical_date: str | None,
    interval: tuple[str, str] | None,
    params: tuple[str, ...],
    run_id: str | None,
    note: str | None,
    subset: tuple[str, ...],
    if_paused: Literal["queue", "unpause"] | None,
    refresh_cache: bool,
    watch: bool,
    as_json: bool,
) -> int:
    """Start a run by hand."""
    given = params_of(params)
    with connect() as client:
        detail = client.trigger_run(
            dag_id,
            logical_date=logical_date,
            params=given,
            run_id=run_id,
            note=note,
            interval=interval,
            subset=subset,
            if_paused=if_paused or "refuse",
            refresh_cache=refresh_cache,
        )
        if watch:
            return watch_run(client, dag_id, detail.run.run_id, as_json=as_json)
    if as_json:
        print_json(detail)
    else:
        click.echo(f"Started {detail.run.run_id}")
        click.echo(f"Follow it with `studio runs watch {dag_id} {detail.run.run_id}`.", err=True)
    return 0
