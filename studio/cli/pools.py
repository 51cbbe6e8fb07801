"""`studio pools …`."""

from __future__ import annotations

import click

from studio.cli.options import confirm, yes_option
from studio.cli.show import json_option, plain, print_json, print_table
from studio.cli.uses import say_uses
from studio.client import connect


@click.group()
def pools() -> None:
    """List, set and delete pools: limits that tasks of any DAGs share."""


@pools.command("list")
@json_option
def list_(as_json: bool) -> int:
    """All pools, with how many of their slots are taken."""
    with connect() as client:
        found = client.list_pools()
    if as_json:
        print_json(found)
        return 0
    rows = [
        (
            plain(pool.name),
            "no limit" if pool.slots < 0 else str(pool.slots),
            "" if pool.free is None else str(pool.used),
            "" if pool.free is None else str(pool.free),
            "counted" if pool.include_deferred else "",
            plain(pool.description),
        )
        for pool in found.pools
    ]
    print_table(("pool", "slots", "used", "free", "deferred", "description"), rows, "No pools.")
    return 0


@pools.command("set", context_settings={"ignore_unknown_options": True})  # for -1
@click.argument("name")
@click.argument("slots", type=click.IntRange(-1))
@click.option("--description", help="What it is for; without it the text stays.")
@click.option(
    "--include-deferred/--no-include-deferred",
    default=None,
    help="Tasks that wait without a slot of a worker take one of these, too.",
)
@json_option
def set_(name: str, slots: int, description: str | None, include_deferred: bool | None, as_json: bool) -> int:
    """Make a pool, or change it; -1 slots are no limit."""
    with connect() as client:
        pool = client.set_pool(name, slots, description=description, include_deferred=include_deferred)
    if as_json:
        print_json(pool)
    else:
        click.echo(f"{pool.name} has {'no limit' if pool.slots < 0 else f'{pool.slots} slots'}.")
    return 0


@pools.command()
@click.argument("name")
@yes_option
def delete(name: str, yes: bool) -> int:
    """Delete a pool; tasks that name it wait until there is one again."""
    with connect() as client:
        say_uses(name, client.pool_uses(name))
        confirm(f"Delete the pool {name}?", yes=yes)
        client.delete_pool(name)
    click.echo(f"{name} is deleted.")
    return 0
