"""`studio secrets …`."""

from __future__ import annotations

import click

from studio.client import connect


@click.group()
def secrets() -> None:
    """The key that encrypts connections and secret variables."""


@secrets.command()
def rotate() -> int:
    """Make a new key, encrypt everything with it, and forget the old one."""
    with connect() as client:
        done = client.rotate_secrets()
    click.echo(f"{done.connections} connections and {done.variables} variables have a new key.")
    return 0
