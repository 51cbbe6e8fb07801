"""`studio tasks log`."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import click

from studio.api.models import LogRecord
from studio.cli.options import map_index_option, run_option
from studio.cli.selection import latest
from studio.cli.show import json_option, moment, print_json, printable
from studio.client import connect

_COLOURS: Final = {"DEBUG": "bright_black", "WARNING": "yellow", "ERROR": "red", "CRITICAL": "bright_red"}
_LEVELS: Final = ("debug", "info", "warning", "error", "critical")


@click.command()
@click.argument("dag_id")
@click.argument("task_id")
@run_option
@map_index_option
@click.option("--try", "try_number", type=click.IntRange(1), help="Without it the latest.")
@click.option("--follow", is_flag=True, help="Go on until the try has ended.")
@click.option("--level", type=click.Choice(_LEVELS), help="This level and above.")
@click.option("--source", help="stdout, stderr, studio, kernel, or the name of a logger.")
@click.option("--search", help="Records with this text, in upper or lower case.")
@click.option("--tail", type=click.IntRange(1, 5000), help="So many records; else 1000.")
@click.option("--text", is_flag=True, help="The whole log, however long.")
@json_option
def log(
    dag_id: str,
    task_id: str,
    run_id: str | None,
    map_index: int | None,
    try_number: int | None,
    follow: bool,
    level: str | None,
    source: str | None,
    search: str | None,
    tail: int | None,
    text: bool,
    as_json: bool,
) -> int:
    """The end of the task's log: what it printed and logged, and what was noted about it.

    --follow --json prints a record a line.
    """
    if text and (follow or level or source or search or tail or as_json):
        raise click.UsageError("--text is the whole log as it is; leave the other options out.")
    with connect() as client:
        run = run_id or latest(client, dag_id)
        if text:
            content = client.get_log_text(dag_id, run, task_id, map_index=map_index, try_number=try_number)
            click.echo(printable(content.decode("utf-8", "replace")), nl=False)
            return 0
        if follow:
            found = client.follow_log(
                dag_id,
                run,
                task_id,
                map_index=map_index,
                try_number=try_number,
                level=level,
                source=source,
                search=search,
                tail=tail,
            )
            for record in found:
                _print(record, as_json=as_json)
            return 0
        page = client.get_log(
            dag_id,
            run,
            task_id,
            map_index=map_index,
            try_number=try_number,
            level=level,
            source=source,
            search=search,
            tail=tail,
        )
    if as_json:
        print_json(page)
        return 0
    if page.truncated:
        click.echo("… (the beginning is left out: --tail, --search, or --text for all of it)", err=True)
    for record in page.records:
        _print(record, as_json=False)
    if not page.records:
        words = "Nothing in the log fits." if page.size else "The log is empty."
        click.echo(f"({words} `studio tasks output` and `why` have cells and errors.)", err=True)
    return 0


def _print(record: LogRecord, *, as_json: bool) -> None:
    if as_json:
        print_json(record)
        return
    at = "" if record.time is None else moment(datetime.fromtimestamp(record.time).astimezone())
    head = f"{at}  {record.level:<8}  {record.source}"
    colour = _COLOURS.get(record.level)
    text = printable(record.text)
    click.echo(f"{click.style(printable(head), fg='bright_black')}  {click.style(text, fg=colour)}")
