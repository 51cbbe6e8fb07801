"""`studio cache …`: kept results, in the store of values of this studio. No server is needed."""

from __future__ import annotations

import importlib
from datetime import datetime, timezone
from typing import Any

import click

from studio.cli.options import confirm, counted, yes_option
from studio.cli.show import json_option, moment, plain, print_json, print_table
from studio.core.names import check_name
from studio.settings import Settings


@click.group()
def cache() -> None:
    """List and forget the results of tasks that have `cache=`."""


@cache.command("list")
@click.argument("dag_id")
@click.argument("task_id", required=False)
@json_option
def list_(dag_id: str, task_id: str | None, as_json: bool) -> int:
    """Kept results, newest first."""
    found = sorted(_entries(dag_id, task_id), key=lambda entry: entry.at, reverse=True)
    if as_json:
        print_json({"results": found})
        return 0
    rows = [
        (plain(each.task_id), plain(each.run_id), _kept(each.at), str(len(each.values)), each.key[:12])
        for each in found
    ]
    print_table(("task", "of the run", "kept", "values", "key"), rows, "No results are kept.")
    return 0


def _kept(at: float) -> str:
    return moment(datetime.fromtimestamp(at, timezone.utc))


@cache.command()
@click.argument("dag_id")
@click.argument("task_id", required=False)
@yes_option
def clear(dag_id: str, task_id: str | None, yes: bool) -> int:
    """Forget kept results, so that the tasks run again. Their runs and values stay."""
    store, names = _store(), _names(dag_id, task_id)
    what = counted(len(names), "kept result")
    if names:
        confirm(f"Forget {what}?", yes=yes)
    for name in names:
        store.remove_note(name)
    click.echo(f"{what} forgotten.")
    return 0


def _store() -> Any:
    return importlib.import_module("studio.values.stores").open_store(Settings.from_environment().value_url)


def _names(dag_id: str, task_id: str | None) -> list[str]:
    check_name(dag_id, "DAG")
    folder = importlib.import_module("studio.worker.cache").folder_of(
        dag_id, None if task_id is None else check_name(task_id, "task")
    )
    return [name for name in _store().notes(folder) if name.endswith(".json")]


def _entries(dag_id: str, task_id: str | None) -> list[Any]:
    read = importlib.import_module("studio.worker.cache").read_entry
    store = _store()
    found = (read(store.read_note(name) or b"") for name in _names(dag_id, task_id))
    return [entry for entry in found if entry is not None]
