"""`studio dags from-notebook|to-python`: notebooks of marked cells, from ordinary ones and as Python."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import click

from studio.artifacts.local import write_atomically
from studio.artifacts.notebook_files import read_bytes
from studio.cli.options import confirm, counted, yes_option
from studio.cli.show import json_option, print_json, printable
from studio.core.notebook_format import parse_notebook
from studio.errors import InvalidInput


@click.command("from-notebook")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="By default FILE_dag.ipynb."
)
@click.option("--name", "dag_id", help="The DAG's id; by default made of the file's name.")
@yes_option
@json_option
def from_notebook(file: Path, output: Path | None, dag_id: str | None, yes: bool, as_json: bool) -> int:
    """Split an ordinary notebook into tasks: propose %%task cells, and write them to a new notebook.

    Nothing is run. The graph and all remarks are shown before anything is written; with --json, only --yes writes.
    """
    target = output or file.with_name(f"{file.stem}_dag.ipynb")
    _check_target(file, target)
    converting = importlib.import_module("studio.authoring.converting.from_notebook")
    proposal = converting.proposal_of(
        parse_notebook(read_bytes(str(file)), str(file)), file.absolute(), dag_id
    )
    if as_json:
        if yes:
            write_atomically(target, proposal.content())
        print_json({**_told(proposal), "output": str(target), "written": yes})
        return 0
    _show(proposal)
    replaces = ", which exists and is replaced" if target.exists() else ""
    click.echo(
        f"The notebook goes to {printable(str(target))}{replaces}; {printable(str(file))} stays as it is."
    )
    confirm(f"Write {target}{replaces}?", yes=yes)
    write_atomically(target, proposal.content())
    click.echo(printable(f"✓ {target}: open it, or `studio dags check {target}`"))
    return 0


@click.command("to-python")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="By default FILE.py.")
@yes_option
@json_option
def to_python(file: Path, output: Path | None, yes: bool, as_json: bool) -> int:
    """Write the .py DAG file that says the same as a notebook of marked cells.

    A file that exists is replaced only after a yes; with --json, only with --yes.
    """
    target = output or file.with_suffix(".py")
    _check_target(file, target)
    converting = importlib.import_module("studio.authoring.converting.to_python")
    made = converting.python_of(parse_notebook(read_bytes(str(file)), str(file)), file.absolute())
    if target.exists():
        confirm(f"{target} exists. Replace it?", yes=yes)
    write_atomically(target, made.source.encode())
    if as_json:
        print_json(
            {"output": str(target), "dag_id": made.dag_id, "tasks": made.tasks, "remarks": made.remarks}
        )
        return 0
    for remark in made.remarks:
        click.echo(printable(f"! {remark}"))
    click.echo(printable(f"✓ {target}: the DAG {made.dag_id} with {counted(len(made.tasks), 'task')}"))
    return 0


def _check_target(file: Path, target: Path) -> None:
    if target.exists() and file.exists() and target.samefile(file):
        raise InvalidInput(
            f"{file} is the notebook that is read.", hint="Give another file with -o.", field="output"
        )
    if not target.parent.is_dir():
        raise InvalidInput(f"There is no directory {target.parent}.", field="output")


def _show(proposal: Any) -> None:
    flow = proposal.dag.flow
    click.echo(f"DAG {proposal.dag.dag_id}: {counted(len(flow.tasks), 'task')}")
    for task in flow.tasks:
        given: dict[str, list[str]] = {}
        for each in task.needs:
            given.setdefault(each.by, []).append(each.name)
        sources = [f"{by} ({', '.join(names)})" for by, names in given.items()]
        sources += [other for other in task.after if other not in given]
        sources += [f"params ({', '.join(task.params)})"] if task.params else []
        reads = f"  ← {', '.join(sources)}" if sources else ""
        gives = f"  → {', '.join(task.gives)}" if task.gives else ""
        click.echo(printable(f"  · {task.id}{reads}{gives}"))
    for remark in proposal.remarks:
        click.echo(printable(f"! {remark}"))
    for problem in proposal.dag.problems:
        sign = "✗" if problem.severity == "error" else "!"
        click.echo(printable(f"{sign} {_place(problem)}{problem.message} {problem.hint}".rstrip()))


def _place(problem: Any) -> str:
    return "" if problem.cell is None else f"new cell {problem.cell + 1}: "


def _told(proposal: Any) -> dict[str, Any]:
    flow = proposal.dag.flow
    return {
        "dag_id": proposal.dag.dag_id,
        "params": dict(flow.params),
        "tasks": [
            {
                "id": task.id,
                "upstream": task.upstream,
                "reads": [{"name": each.name, "by": each.by} for each in task.needs],
                "gives": task.gives,
                "params": task.params,
                "source": proposal.source_of(task.id),
            }
            for task in flow.tasks
        ],
        "remarks": proposal.remarks,
        "problems": [
            {
                "code": each.code,
                "message": each.message,
                "hint": each.hint,
                "cell": each.cell,
                "line": each.line,
                "severity": each.severity,
            }
            for each in proposal.dag.problems
        ],
    }
