"""`studio variables …`."""

from __future__ import annotations

import json
import sys
from typing import IO

import click

from studio.cli.options import confirm, json_or_text, yes_option
from studio.cli.show import json_option, plain, print_json, print_table
from studio.cli.uses import say_uses
from studio.client import connect
from studio.errors import InvalidInput


@click.group()
def variables() -> None:
    """List, show, set and delete variables: values that tasks of any DAGs may ask for."""


@variables.command("list")
@json_option
def list_(as_json: bool) -> int:
    """All variables; of secret ones no value."""
    with connect() as client:
        found = client.list_variables()
    if as_json:
        print_json(found)
        return 0
    rows = [
        (plain(each.name), "***" if each.secret else plain(json.dumps(each.value)), plain(each.description))
        for each in found.variables
    ]
    print_table(("variable", "value", "description"), rows, "No variables.")
    return 0


@variables.command()
@click.argument("name")
def get(name: str) -> int:
    """The value of a variable, as JSON."""
    with connect() as client:
        found = client.get_variable(name)
    if found.secret:
        raise InvalidInput(f"The variable {name} is secret: it is never shown.")
    click.echo(json.dumps(found.value))
    return 0


@variables.command("set")
@click.argument("name")
@click.argument("value", required=False)
@click.option("--secret", is_flag=True, help="Encrypt it, mask it, never show it again.")
@click.option("--description", default="", help="What it is for.")
def set_(name: str, value: str | None, secret: bool, description: str) -> int:
    """Make a variable, or replace it. VALUE is JSON or text; a secret one is asked for, or read from standard input."""
    if value is not None and secret:
        raise InvalidInput(
            "A secret is not given as an argument: other users see the arguments of commands.",
            hint=f"Leave it out and type it, or: studio variables set {name} --secret < FILE",
        )
    if value is None:
        is_typed = sys.stdin.isatty()
        value = click.prompt("Value", hide_input=secret) if is_typed else sys.stdin.read().rstrip("\r\n")
    with connect() as client:
        made = client.set_variable(name, json_or_text(str(value)), secret=secret, description=description)
    click.echo(f"{made.name} is set.")
    return 0


@variables.command()
@click.argument("name")
@yes_option
def delete(name: str, yes: bool) -> int:
    """Delete a variable; tasks that declare it fail from then on."""
    with connect() as client:
        say_uses(name, client.variable_uses(name))
        confirm(f"Delete the variable {name}?", yes=yes)
        client.delete_variable(name)
    click.echo(f"{name} is deleted.")
    return 0


@variables.command("import")
@click.argument("file", type=click.File(encoding="utf-8"))
def import_(file: IO[str]) -> int:
    """Set the variables of a JSON object, as Airflow exports them; `-` is standard input."""
    try:
        values = json.load(file)
    except ValueError as error:
        raise InvalidInput(f"{file.name} is no JSON: {error}.") from error
    if not isinstance(values, dict):
        raise InvalidInput(f"{file.name} is no JSON object of names and values.")
    with connect() as client:
        for name, value in values.items():
            client.set_variable(name, value)
    click.echo(f"{len(values)} set.")
    return 0


@variables.command()
def export() -> int:
    """All variables that are not secret, as a JSON object."""
    with connect() as client:
        found = client.list_variables().variables
    click.echo(json.dumps({each.name: each.value for each in found if not each.secret}, indent=2))
    return 0
