"""`studio db …`."""

from __future__ import annotations

import click

from studio.cli.show import json_option, print_json
from studio.settings import Settings
from studio.store import check as check_schema
from studio.store import describe
from studio.store import upgrade as upgrade_schema


@click.group()
def db() -> None:
    """Check or upgrade the database."""


@db.command()
@json_option
def check(as_json: bool) -> int:
    """Say whether this version works with the database's schema. Exit code 1 if not."""
    settings = Settings.from_environment()
    revision = check_schema(settings.database)
    if as_json:
        print_json({"database": describe(settings.database), "schema": revision})
    else:
        click.echo(f"✓ {describe(settings.database)} has schema {revision}.")
    return 0


@db.command()
@json_option
def upgrade(as_json: bool) -> int:
    """Bring the database to the schema of this version. SQLite is copied first. Stop all servers before."""
    settings = Settings.from_environment()
    revision = upgrade_schema(settings.database)
    if as_json:
        print_json({"database": describe(settings.database), "schema": revision})
    else:
        click.echo(f"✓ {describe(settings.database)} has schema {revision} now.")
    return 0
