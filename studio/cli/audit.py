"""`studio audit`."""

from __future__ import annotations

from typing import Any

import click

from studio.api.models import AuditEntry, AuditPage
from studio.cli.show import json_option, moment, plain, print_json, print_table, state
from studio.client import Client, connect

_PAGE = 500


@click.command()
@click.option("--dag", "dag_id", help="Only what is about this DAG.")
@click.option("--actor", help="Only what this one asked for.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@click.option("--before", help="What is older: `next` of a list before this one.")
@json_option
def audit(dag_id: str | None, actor: str | None, limit: int, before: str | None, as_json: bool) -> int:
    """Who asked for what, newest first; variables and connections by their names, never with a value."""
    with connect() as client:
        found = _found(client, dag_id, actor, before, limit)
    if as_json:
        print_json(found)
        return 0
    rows = [
        (
            moment(entry.at),
            plain(entry.actor),
            entry.action.replace("_", " "),
            plain(entry.dag_id),
            plain(_about(entry.about)),
            state(entry.state) if entry.error is None else plain(entry.error),
        )
        for entry in found.entries
    ]
    print_table(
        ("when (here)", "who", "action", "DAG", "about", "outcome"), rows, "Nobody asked for anything."
    )
    if found.next is not None:
        click.echo(f"There is more: --before {found.next}", err=True)
    return 0


def _found(
    client: Client, dag_id: str | None, actor: str | None, before: str | None, limit: int
) -> AuditPage:
    """`limit` entries, page by page."""
    entries: list[AuditEntry] = []
    while True:
        some = min(_PAGE, limit - len(entries))
        page = client.list_audit(dag_id, actor=actor, before=before, limit=some)
        entries += page.entries
        before = page.next
        if before is None or len(entries) >= limit:
            return AuditPage(entries=entries, next=before)


def _about(about: dict[str, Any]) -> str:
    return ", ".join(
        f"{name} {' '.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in about.items()
    )
