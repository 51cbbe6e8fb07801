"""`studio dags check|publish`: DAG files."""

from __future__ import annotations

import importlib
from pathlib import Path

import click

from studio.cli.show import json_option, print_json
from studio.client import connect
from studio.core.parsed import ParseResult
from studio.errors import InvalidDag


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def check(file: Path, as_json: bool) -> int:
    """Read a .py or .ipynb file as the server would, and say what is wrong. Nothing is published."""
    read = parse(file)
    if as_json:
        print_json({"dags": list(read.specs), "warnings": list(read.warnings)})
        return 0
    _warn(file, read)
    for spec in read.specs:
        click.echo(f"✓ {spec.id}: {len(spec.tasks)} task{'s' * (len(spec.tasks) != 1)}")
    return 0


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def publish(file: Path, as_json: bool) -> int:
    """Publish the DAGs of a .py or .ipynb file."""
    read = parse(file)
    if not as_json:
        _warn(file, read)
    published = []
    with connect() as client:
        for content in read.sources.values():
            client.put_source(content)
        for spec in read.specs:
            detail = client.publish_dag(spec)
            published.append(detail.dag)
            if not as_json:
                click.echo(f"✓ {spec.id}: version {detail.dag.version[:12]}")
    if as_json:
        print_json({"dags": published})
    return 0


def parse(file: Path) -> ParseResult:
    """Its DAGs, at least one, and the contents that they need. Raises `InvalidDag`."""
    parse = importlib.import_module("studio.authoring.parse")
    result: ParseResult = parse.parse_file(file.absolute())
    if result.error is not None:
        line = f":{result.error.line}" if result.error.line else ""
        raise InvalidDag(f"{file}{line}: {result.error.message}")
    if not result.specs:
        raise InvalidDag(
            f"{file} defines no DAG.", hint="Define one at the top level: `with DAG(…) as dag:`."
        )
    return result


def _warn(file: Path, read: ParseResult) -> None:
    for warning in read.warnings:
        click.echo(f"⚠ {file}: {warning}", err=True)
