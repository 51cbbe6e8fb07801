"""`studio schedule`: a notebook as a DAG of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from studio.api import models as m
from studio.cli.show import json_option, print_json
from studio.client import connect
from studio.core.schedule_spec import CronSpec
from studio.errors import InvalidInput


@click.command()
@click.argument("notebook", type=click.Path(path_type=Path))
@click.option("--cron", help="When: @daily, or five fields of cron. Without it it runs once, now.")
@click.option("--timezone", default="UTC", show_default=True, help="In which --cron is.")
@click.option("--start", "start_date", help="No run for dates before this one.")
@click.option("--end", "end_date", help="No run for dates after this one.")
@click.option(
    "-p", "--param", "params", multiple=True, metavar="NAME=VALUE", help="JSON, or text; templates too."
)
@click.option("--name", help="Id of the DAG; by default the name of the file.")
@click.option("--kernel", help="A kernelspec; by default the notebook's own.")
@click.option("--retries", type=click.IntRange(0, 100), default=0, show_default=True)
@click.option("--timeout", type=click.FloatRange(0, min_open=True), help="Seconds.")
@click.option("--latest", is_flag=True, help="Run what the file holds then, not what it holds now.")
@click.option(
    "--export", "exports", multiple=True, type=click.Choice(["html", "pdf"]), help="Also make this of it."
)
@click.option(
    "--copy-to", metavar="FOLDER", help="For copies of what came out; relative to the notebook; a template."
)
@click.option(
    "--notify", metavar="CONNECTION", help="To a webhook or a mail server: tell it when a run has failed."
)
@click.option("--notify-success", is_flag=True, help="Also when a run has succeeded.")
@click.option(
    "--to", "addresses", multiple=True, metavar="ADDRESS", help="Whom the mail of --notify goes to."
)
@click.option("--run", "start", is_flag=True, help="Also run it now.")
@json_option
def schedule(
    notebook: Path,
    cron: str | None,
    timezone: str,
    start_date: str | None,
    end_date: str | None,
    params: tuple[str, ...],
    name: str | None,
    kernel: str | None,
    retries: int,
    timeout: float | None,
    latest: bool,
    exports: tuple[str, ...],
    copy_to: str | None,
    notify: str | None,
    notify_success: bool,
    addresses: tuple[str, ...],
    start: bool,
    as_json: bool,
) -> int:
    """Schedule NOTEBOOK, or run it once, as a DAG of this one task."""
    options: dict[str, Any] = {
        "dag_id": name,
        "schedule": None if cron is None else CronSpec(cron),
        "timezone": timezone,
        "start_date": start_date,
        "end_date": end_date,
        "parameters": dict(_param(text) for text in params),
        "kernel_name": kernel,
        "retries": retries,
        "timeout": timeout,
        "source": "latest" if latest else "snapshot",
        "export": exports,
        "copy_to": copy_to,
        "notify": None if notify is None else _notify(notify, notify_success, addresses),
        "start": start or cron is None,
    }
    with connect() as client:
        made = client.publish_notebook(str(notebook.absolute()), **options)
    if as_json:
        print_json(made)
        return 0
    summary = made.dag.dag
    when = "" if summary.next_run is None else f"; next run {summary.next_run:%Y-%m-%d %H:%M} UTC"
    click.echo(f"Published {summary.dag_id}{when}.")
    if made.run is not None:
        click.echo(
            f"Started {made.run.run.run_id}. Watch it: studio runs watch {summary.dag_id} {made.run.run.run_id}"
        )
    return 0


def _notify(connection: str, on_success: bool, to: tuple[str, ...]) -> m.Notify:
    return m.Notify(
        connection=connection, on=["failure", "success"] if on_success else ["failure"], to=list(to)
    )


def _param(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise InvalidInput(f"{text!r} is no parameter.", hint="Write NAME=VALUE.", field="param")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
