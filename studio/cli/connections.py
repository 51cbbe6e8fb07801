"""`studio connections …`."""

from __future__ import annotations

import sys

import click

from studio.cli.options import confirm, params_of, yes_option
from studio.cli.show import json_option, plain, print_json, print_table
from studio.cli.uses import say_uses
from studio.client import connect


@click.group()
def connections() -> None:
    """List, set and delete connections: how to reach databases and servers. Their values are never shown."""


@connections.command("list")
@json_option
def list_(as_json: bool) -> int:
    """All connections, and which of their fields are set."""
    with connect() as client:
        found = client.list_connections()
    if as_json:
        print_json(found)
        return 0
    rows = [
        (plain(each.name), ", ".join(each.fields) or plain(each.error or ""), plain(each.description))
        for each in found.connections
    ]
    print_table(("connection", "set", "description"), rows, "No connections.")
    return 0


@connections.command("set")
@click.argument("name")
@click.option(
    "--url", help="type://login@host:port/schema; `-` reads it from standard input, password and all."
)
@click.option("--type", "kind", help="postgresql, http, sqlite, …")
@click.option("--host")
@click.option("--port", type=click.IntRange(0, 65535))
@click.option("--login")
@click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input, not from the terminal."
)
@click.option("--no-password", is_flag=True, help="It has none; do not ask.")
@click.option("--schema", help="The database, or its file.")
@click.option("--extra", multiple=True, metavar="NAME=VALUE", help="More of it; the value is JSON or text.")
@click.option("--description", default="", help="What it is for.")
@json_option
def set_(
    name: str,
    url: str | None,
    kind: str | None,
    host: str | None,
    port: int | None,
    login: str | None,
    password_stdin: bool,
    no_password: bool,
    schema: str | None,
    extra: tuple[str, ...],
    description: str,
    as_json: bool,
) -> int:
    """Make a connection, or replace it. The password is asked for: other users see the arguments of commands."""
    if url == "-":
        url, no_password = sys.stdin.readline().rstrip("\r\n"), True
    password = None
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif not no_password and sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, default="", show_default=False) or None
    with connect() as client:
        made = client.set_connection(
            name,
            url,
            type=kind,
            host=host,
            port=port,
            login=login,
            password=password,
            schema=schema,
            extra=params_of(extra, "extra") if extra else None,
            description=description,
        )
    if as_json:
        print_json(made)
    else:
        click.echo(f"{made.name} has {', '.join(made.fields)}.")
    return 0


@connections.command()
@click.argument("name")
@yes_option
def delete(name: str, yes: bool) -> int:
    """Delete a connection; tasks that declare it fail from then on."""
    with connect() as client:
        say_uses(name, client.connection_uses(name))
        confirm(f"Delete the connection {name}?", yes=yes)
        client.delete_connection(name)
    click.echo(f"{name} is deleted.")
    return 0
