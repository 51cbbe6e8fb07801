"""What is said before something is deleted that DAGs share."""

from __future__ import annotations

from typing import Final

import click

from studio.api.models import Uses
from studio.cli.options import counted

_MOST: Final = 20  # DAGs that are named
_MOST_TASKS: Final = 5  # of each


def say_uses(name: str, uses: Uses) -> None:
    """Who uses it, on standard error; also where nobody is asked."""
    if not uses.dags:
        click.echo(f"No task of a published DAG uses {name}. Programs may ask for it themselves.", err=True)
        return
    tasks = sum(len(use.tasks) for use in uses.dags)
    click.echo(f"{name} is used by {counted(tasks, 'task')} of {counted(len(uses.dags), 'DAG')}:", err=True)
    for use in uses.dags[:_MOST]:
        more = len(use.tasks) - _MOST_TASKS
        listed = ", ".join(use.tasks[:_MOST_TASKS]) + (f" and {more} more" if more > 0 else "")
        click.echo(f"  {use.dag_id}{' (paused)' if use.paused else ''}: {listed}", err=True)
    if len(uses.dags) > _MOST:
        click.echo(f"  and {counted(len(uses.dags) - _MOST, 'other DAG')}", err=True)
