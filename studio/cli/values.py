"""`studio tasks values`."""

from __future__ import annotations

from pathlib import Path

import click

from studio.api.models import TablePreview, ValueInfo
from studio.cli.options import map_index_option, run_option
from studio.cli.selection import latest
from studio.cli.show import json_option, plain, print_json, print_table
from studio.client import connect


@click.command()
@click.argument("dag_id")
@click.argument("task_id")
@run_option
@map_index_option
@click.option("--try", "try_number", type=click.IntRange(1), help="Without it the latest.")
@click.option(
    "--save",
    nargs=2,
    type=(str, click.Path(dir_okay=False, path_type=Path)),
    metavar="NAME FILE",
    help="Write the content of one to a file: a table as parquet, an array as npy, …",
)
@json_option
def values(
    dag_id: str,
    task_id: str,
    run_id: str | None,
    map_index: int | None,
    try_number: int | None,
    save: tuple[str, Path] | None,
    as_json: bool,
) -> int:
    """What the task returned and saved for the tasks after it."""
    with connect() as client:
        run = run_id or latest(client, dag_id)
        if save is not None:
            name, path = save
            content = client.get_value(dag_id, run, task_id, name, map_index=map_index, try_number=try_number)
            path.write_bytes(content)
            click.echo(f"{path}: {len(content):,} bytes.")
            return 0
        found = client.list_values(dag_id, run, task_id, map_index=map_index, try_number=try_number)
    if as_json:
        print_json(found)
        return 0
    rows = [
        (plain(value.name), plain(value.type), plain(value.format), f"{value.size:,}", plain(_extent(value)))
        for value in found.values
    ]
    print_table(("name", "type", "format", "bytes", "extent"), rows, "It has returned and saved nothing.")
    return 0


def _extent(value: ValueInfo) -> str:
    """How much it is: "1,000 × 3"."""
    if isinstance(value.preview, TablePreview):
        return " × ".join(f"{each:,}" for each in value.preview.total)
    shape = (value.schema or {}).get("shape")
    return " × ".join(f"{each:,}" for each in shape) if isinstance(shape, list) else ""
