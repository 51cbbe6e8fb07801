"""Following a run in the terminal."""

from __future__ import annotations

import sys

import click

from studio.api.models import RunDetail
from studio.cli.show import console, print_json, printable, run_view, state
from studio.client import Client
from studio.core.states import RunState, TaskState


def watch_run(client: Client, dag_id: str, run_id: str, *, as_json: bool) -> int:
    """Show the run until it has ended. 0: it succeeded; 1: it did not."""
    if as_json:
        last = client.wait_for_run(dag_id, run_id)
        print_json(last)
    elif sys.stdout.isatty():
        last = _live(client, dag_id, run_id)
    else:
        last = _lines(client, dag_id, run_id)
    if not as_json:
        _tell_failures(client, last)
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


def _tell_failures(client: Client, last: RunDetail) -> None:
    """The last line of what went wrong, and where to read on."""
    failed = [task for task in last.tasks if task.state is TaskState.FAILED]
    for task in failed[:5]:
        run = last.run
        attempts = client.get_task(run.dag_id, run.run_id, task.task_id, map_index=task.map_index).attempts
        lines = printable((attempts and attempts[-1].error) or "").split("\n")
        said = next((line for line in reversed(lines) if line.strip()), "no message")
        click.echo(f"{task.task_id}: {said}")
        click.echo(f"More: `studio tasks why {run.dag_id} {task.task_id} --run {run.run_id}`.", err=True)
