"""Following a run in the terminal."""

from __future__ import annotations

import sys

import click

from studio.api.models import RunDetail
from studio.cli.show import console, print_json, run_view, state
from studio.client import Client
from studio.core.states import RunState


def watch_run(client: Client, dag_id: str, run_id: str, *, as_json: bool) -> int:
    """Show the run until it has ended. 0: it succeeded; 1: it did not."""
    if as_json:
        last = client.wait_for_run(dag_id, run_id)
        print_json(last)
    elif sys.stdout.isatty():
        last = _live(client, dag_id, run_id)
    else:
        last = _lines(client, dag_id, run_id)
    return 0 if last.run.state is RunState.SUCCESS else 1


def _live(client: Client, dag_id: str, run_id: str) -> RunDetail:
    from rich.live import Live  # noqa: PLC0415 - loaded when it is shown

    with Live(console=console(), auto_refresh=True, refresh_per_second=4, transient=False) as live:
        shown: list[RunDetail] = []
        live.get_renderable = lambda: run_view(shown[-1]) if shown else ""  # type: ignore[method-assign]
        last = client.wait_for_run(dag_id, run_id, shown.append)
        shown[:] = [last]
        live.refresh()
    return last


def _lines(client: Client, dag_id: str, run_id: str) -> RunDetail:
    """Without a terminal: a line for each change of a state."""
    known: dict[tuple[str, int], str] = {}

    def tell(detail: RunDetail) -> None:
        for task in detail.tasks:
            key = (task.task_id, task.map_index)
            if known.get(key, "none") != task.state.value:
                click.echo(f"{task.task_id}: {task.state.value}")
            known[key] = task.state.value

    last = client.wait_for_run(dag_id, run_id, tell)
    console().print(f"{dag_id} {run_id}: {state(last.run.state.value)}")
    return last
