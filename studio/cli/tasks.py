"""`studio tasks …`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from studio.api.models import CellOutput, ReasonInfo
from studio.cli.options import map_index_option, run_option
from studio.cli.selection import latest
from studio.cli.show import (
    console,
    json_option,
    plain,
    print_json,
    printable,
    state,
    task_name,
)
from studio.cli.show_task import print_task
from studio.cli.task_actions import approvals, clear, mark, note, respond
from studio.cli.task_log import log
from studio.cli.trials import test_task
from studio.cli.values import values
from studio.client import connect
from studio.core.states import TaskState
from studio.exports.conversion import FORMATS, Format


@click.group()
def tasks() -> None:
    """Show what a task did, run it again, mark it, answer it. Without --run the latest run is meant."""


for command in (log, values, clear, mark, note, respond, approvals, test_task):
    tasks.add_command(command)


def _task(command: Any) -> Any:
    command = map_index_option(run_option(command))
    return click.argument("dag_id")(click.argument("task_id")(command))


@tasks.command()
@_task
@click.option("--try", "try_number", type=click.IntRange(1), help="Without it the latest.")
@click.option("--notebook", type=click.File("wb"), help="Write the output notebook to this file.")
@json_option
def output(
    dag_id: str,
    task_id: str,
    run_id: str | None,
    map_index: int | None,
    try_number: int | None,
    notebook: Any,
    as_json: bool,
) -> int:
    """The cells of a notebook task with their text outputs."""
    with connect() as client:
        run = run_id or latest(client, dag_id)
        if notebook is not None:
            content = client.get_notebook(dag_id, run, task_id, map_index=map_index, try_number=try_number)
            notebook.write(content)
            return 0
        found = client.get_output(dag_id, run, task_id, map_index=map_index, try_number=try_number)
    if as_json:
        print_json(found)
        return 0
    for cell in found.cells:
        if cell.hidden and cell.state != "failed":
            continue
        console().print(
            f"{state(cell.state)}  cell {cell.index} ({cell.cell_type})" if cell.cell_type == "code" else ""
        )
        click.echo(printable(cell.source))
        for text in _texts(cell):
            click.echo(printable(text), nl=not text.endswith("\n"))
    where = f"  {found.path}" if found.path else ""
    click.echo(f"{found.cells_done} of {found.cells_total} cells, try {found.try_number}{where}", err=True)
    return 0


@tasks.command()
@_task
@click.option("--try", "try_number", type=click.IntRange(1), help="Without it the latest.")
@click.option("--format", "form", type=click.Choice(FORMATS), help="Without it by the file's name, or html.")
@click.option("--output", type=click.Path(dir_okay=False), required=True, help="The file; - for stdout.")
def export(
    dag_id: str,
    task_id: str,
    run_id: str | None,
    map_index: int | None,
    try_number: int | None,
    form: Format | None,
    output: str,
) -> int:
    """Write the output notebook as a page that needs no network, or as a PDF."""
    wanted = form or _format_of(output)
    with connect() as client:
        run = run_id or latest(client, dag_id)
        content = client.export_task(dag_id, run, task_id, wanted, map_index=map_index, try_number=try_number)
    with click.open_file(output, "wb") as file:  # only now: a refusal leaves the former file as it was
        file.write(content)
    return 0


@tasks.command()
@_task
@json_option
def show(dag_id: str, task_id: str, run_id: str | None, map_index: int | None, as_json: bool) -> int:
    """A task with its tries, and whether its notebook has changed since."""
    with connect() as client:
        found = client.get_task(dag_id, run_id or latest(client, dag_id), task_id, map_index)
    if as_json:
        print_json(found)
    else:
        print_task(found)
    return 0


@tasks.command()
@_task
@json_option
def why(dag_id: str, task_id: str, run_id: str | None, map_index: int | None, as_json: bool) -> int:
    """Why a task is not running, in words."""
    with connect() as client:
        run = run_id or latest(client, dag_id)
        detail = client.get_task(dag_id, run, task_id, map_index)
        reasons = client.why_task(dag_id, run, task_id, map_index).reasons
        if detail.task.state is TaskState.UPSTREAM_FAILED:
            tasks = client.get_run(dag_id, run).tasks
            failed = list(dict.fromkeys(task.task_id for task in tasks if task.state is TaskState.FAILED))
            words = f"A task before it failed. Failed in this run: {', '.join(failed) or 'none'}."
            reasons.append(ReasonInfo(code="upstream_failed", message=words, facts={"failed": failed}))
    if as_json:
        words_only = [reason.message for reason in reasons]
        print_json({"state": detail.task.state, "why": words_only, "reasons": reasons})
        return 0
    console().print(f"{plain(task_name(detail.task))}: {state(detail.task.state.value)}")
    for reason in reasons:
        click.echo(printable(reason.message))
    if detail.attempts and detail.attempts[-1].error:
        click.echo(printable(detail.attempts[-1].error))
    return 0


def _format_of(output: str) -> Format:
    """By the end of the file's name; HTML if it has none."""
    ending = Path(output).suffix.lower()
    if ending in (".html", ".htm", ""):
        return "html"
    if ending == ".pdf":
        return "pdf"
    raise click.BadParameter(f"{ending} is no format that there is: html or pdf, or say --format.")


def _texts(cell: CellOutput) -> list[str]:
    """What of the outputs a terminal can show."""
    found = []
    for output in cell.outputs:
        data = output.get("data")
        if output.get("output_type") == "stream":
            found.append(_joined(output.get("text")))
        elif output.get("output_type") == "error":
            found.append(f"{output.get('ename')}: {output.get('evalue')}")
        elif isinstance(data, dict):
            found.append(_joined(data.get("text/plain")) or f"({', '.join(data)})")
    return found


def _joined(text: Any) -> str:
    return "".join(map(str, text)) if isinstance(text, list) else str(text or "")
