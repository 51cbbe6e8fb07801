"""`make demo`: the example without anybody looking. Publish the flights DAG, run three days, show what came out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from nbconvert import HTMLExporter
from rich.console import Console
from rich.live import Live
from rich.table import Table

from studio.api.models import RunDetail
from studio.authoring.parse import parse_file
from studio.client import Client, connect
from studio.core.states import RunState, TaskState

NOTEBOOK = Path(__file__).resolve().parent.parent / "notebooks" / "01_flights.ipynb"
DAYS = ("2013-01-01", "2013-01-02", "2013-01-03")
TIME_LIMIT = 900  # seconds for all runs; a slow machine needs about 60

GLYPHS = {
    TaskState.SUCCESS: "[green]✓[/]",
    TaskState.FAILED: "[red]✗[/]",
    TaskState.UPSTREAM_FAILED: "[red]⇡[/]",
    TaskState.RUNNING: "[cyan]▶[/]",
    TaskState.QUEUED: "[yellow]…[/]",
    TaskState.UP_FOR_RETRY: "[yellow]↻[/]",
}


def main() -> int:
    """Exit code 0 if every run succeeded."""
    console = Console()
    with connect() as client:
        dag_id = publish(client, console)
        runs = [client.trigger_run(dag_id, logical_date=day) for day in DAYS]
        runs = watch(client, console, runs)
        show(client, console, runs)
    return 0 if all(run.run.state is RunState.SUCCESS for run in runs) else 1


def publish(client: Client, console: Console) -> str:
    """Take the DAG out of the example notebook, as the server does for a file of its DAG folder."""
    parsed = parse_file(NOTEBOOK)
    if parsed.error is not None:
        sys.exit(f"{NOTEBOOK.name}: {parsed.error.message}")
    [spec] = parsed.specs
    detail = client.publish_dag(spec, parsed.sources.values())
    console.print(
        f"Published [bold]{spec.id}[/]: {len(detail.tasks)} tasks, version {detail.dag.version[:8]}, on {client.url}"
    )
    return spec.id


def watch(client: Client, console: Console, runs: list[RunDetail]) -> list[RunDetail]:
    """Show the runs until all have ended."""
    latest = {run.run.run_id: run for run in runs}
    with Live(table(latest), console=console, refresh_per_second=8) as live:

        def changed(run: RunDetail) -> None:
            latest[run.run.run_id] = run
            live.update(table(latest))

        for run in runs:
            changed(client.wait_for_run(run.run.dag_id, run.run.run_id, changed, timeout=TIME_LIMIT))
            for other in runs:  # those that went on while we followed this one
                changed(client.get_run(other.run.dag_id, other.run.run_id))
    return list(latest.values())


def table(runs: dict[str, RunDetail]) -> Table:
    shown = Table(box=None, pad_edge=False)
    shown.add_column("day", no_wrap=True)
    names = [task.task_id for task in next(iter(runs.values())).tasks]
    for name in names:
        shown.add_column(name, justify="center", no_wrap=True)
    shown.add_column("state", no_wrap=True)
    for run in runs.values():
        states = {task.task_id: GLYPHS.get(task.state, "[dim]·[/]") for task in run.tasks}
        day = "" if run.run.logical_date is None else f"{run.run.logical_date:%Y-%m-%d}"
        shown.add_row(day, *(states[name] for name in names), run.run.state.value)
    return shown


def show(client: Client, console: Console, runs: list[RunDetail]) -> None:
    """Where the outputs are."""
    for run in runs:
        console.print(f"\n[bold]{run.run.run_id}[/]  {run.run.state.value}")
        for task in run.tasks:
            detail = client.get_task(run.run.dag_id, run.run.run_id, task.task_id)
            attempt = detail.attempts[-1] if detail.attempts else None
            if attempt is not None and attempt.output_path is not None:
                console.print(f"  {task.task_id:<12} {attempt.output_path}", soft_wrap=True)
            if attempt is not None and attempt.error is not None:
                console.print(f"  {task.task_id:<12} {attempt.error}", style="red", markup=False)
            if task.task_id == "report" and task.state is TaskState.SUCCESS:
                page = as_page(Path(str(attempt and attempt.output_path)))
                console.print(f"  [bold]the report[/]   {page.as_uri()}", soft_wrap=True)
    console.print(
        "\nThe server goes on. `make lab` shows these runs in JupyterLab; `.venv/bin/studio stop` ends it.",
        soft_wrap=True,
    )


def as_page(notebook: Path) -> Path:
    """The notebook as a page beside it, that any browser shows."""
    page = notebook.with_suffix(".html")
    read: Callable[..., nbformat.NotebookNode] = nbformat.read
    exporter: Any = HTMLExporter(exclude_input=True)  # type: ignore[no-untyped-call]
    body, _ = exporter.from_notebook_node(read(notebook, as_version=4))
    page.write_text(body, encoding="utf-8")
    return page


if __name__ == "__main__":
    sys.exit(main())
