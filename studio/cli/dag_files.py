"""`studio dags check|publish`: DAG files."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import click

from studio.cli.show import json_option, print_json
from studio.client import connect
from studio.errors import InvalidDag


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def check(file: Path, as_json: bool) -> int:
    """Read a .py or .ipynb file as the server would, and say what is wrong. Nothing is published."""
    specs, _ = parse(file)
    if as_json:
        print_json({"dags": specs})
    for spec in [] if as_json else specs:
        click.echo(f"✓ {spec.id}: {len(spec.tasks)} task{'s' * (len(spec.tasks) != 1)}")
    return 0


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def publish(file: Path, as_json: bool) -> int:
    """Publish the DAGs of a .py or .ipynb file."""
    specs, sources = parse(file)
    published = []
    with connect() as client:
        for content in sources.values():
            client.put_source(content)
        for spec in specs:
            detail = client.publish_dag(spec)
            published.append(detail.dag)
            if not as_json:
                click.echo(f"✓ {spec.id}: version {detail.dag.version[:12]}")
    if as_json:
        print_json({"dags": published})
    return 0


def parse(file: Path) -> tuple[list[Any], dict[str, bytes]]:
    """The specs of its DAGs, and the contents that they need. Raises `InvalidDag`."""
    parse = importlib.import_module("studio.authoring.parse")
    result = parse.parse_file(file.absolute())
    if result.error is not None:
        line = f":{result.error.line}" if result.error.line else ""
        raise InvalidDag(f"{file}{line}: {result.error.message}")
    if not result.specs:
        raise InvalidDag(
            f"{file} defines no DAG.", hint="Define one at the top level: `with DAG(…) as dag:`."
        )
    return list(result.specs), dict(result.sources)
