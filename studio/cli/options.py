"""Options that several commands have, and what becomes of their values."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

from studio.errors import InvalidInput

Command = TypeVar("Command", bound=Callable[..., Any])


def param_option(command: Command) -> Command:
    """`-p NAME=VALUE`, any number, as the parameter `params`; `params_of` reads it."""
    return click.option(
        "-p",
        "--param",
        "params",
        multiple=True,
        metavar="NAME=VALUE",
        help="A param; the value is JSON or text.",
    )(command)


def yes_option(command: Command) -> Command:
    """`--yes`, as the parameter `yes`; for `confirm`."""
    return click.option("-y", "--yes", is_flag=True, help="Do not ask.")(command)


def dry_run_option(command: Command) -> Command:
    """`--dry-run`, as the parameter `dry_run`."""
    return click.option("--dry-run", is_flag=True, help="Say what would happen; change nothing.")(command)


def map_index_option(command: Command) -> Command:
    """`--map-index`, as the parameter `map_index`."""
    return click.option("--map-index", type=click.IntRange(0), help="Which one of a mapped task.")(command)


def run_option(command: Command) -> Command:
    """`--run`, as the parameter `run_id`."""
    return click.option("--run", "run_id", help="Run id; without it the latest.")(command)


def params_of(texts: Iterable[str], field: str = "param") -> dict[str, Any]:
    """`NAME=VALUE`, each; a value that is no JSON is text."""
    found: dict[str, Any] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise InvalidInput(
                f"The {field} {text!r} is not NAME=VALUE.", hint="For example -p day=2013-01-31.", field=field
            )
        found[name] = json_or_text(value)
    return found


def json_or_text(text: str) -> Any:
    """The JSON value, or the text itself if it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def confirm(question: str, *, yes: bool) -> None:
    """Ask, unless `--yes` was given. Where nobody can answer: `InvalidInput`."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise InvalidInput(f"{question} Nobody can be asked here.", hint="Give --yes to do it.", field="yes")
    click.confirm(question, abort=True, err=True)


def counted(number: int, what: str) -> str:
    """`1 run`, `3 runs`."""
    return f"{number} {what}{'' if number == 1 else 's'}"
