"""`studio db …`."""

from __future__ import annotations

import asyncio

import click

from studio.cli.options import confirm, yes_option
from studio.cli.show import json_option, print_json
from studio.cli.unused_values import remove, unused_values
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


@db.command("clean-values")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@yes_option
@json_option
def clean_values(dry_run: bool, yes: bool, as_json: bool) -> int:
    """Remove values that no run has: what a kill has left. Runs that are deleted take theirs along by themselves."""
    settings = Settings.from_environment()
    unused = asyncio.run(unused_values(settings))
    told = f"{len(unused.files):,} values of {unused.size:,} bytes in {settings.value_url}"
    removed = 0
    if unused.files and not dry_run:
        confirm(f"Remove {told}, which no run of {describe(settings.database)} has?", yes=yes)
        removed = remove(settings, unused)
    if as_json:
        print_json({"unused": len(unused.files), "bytes": unused.size, "removed": removed})
    elif dry_run or not unused.files:
        click.echo(f"{told} are unused.")
    else:
        click.echo(f"{removed:,} values are removed.")
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
