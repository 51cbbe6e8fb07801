"""`studio dags test` and `studio tasks test`: a trial in this process, as `dag.test()` does."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from studio.cli.dag_files import parse
from studio.cli.options import param_option, params_of
from studio.cli.show import json_option, print_json, printable
from studio.core.names import nearest, shown
from studio.errors import InvalidInput

Command = TypeVar("Command", bound=Callable[..., Any])


def _options(command: Command) -> Command:
    for option in (
        click.option("--date", "logical_date", help="Logical date; without offset in the DAG's time zone."),
        param_option,
        click.option("--dag", "dag_id", help="Which DAG of the file, if it defines several."),
        click.option(
            "--value",
            "values",
            multiple=True,
            metavar="TASK=VALUE",
            help="What a task returned that is not run.",
        ),
        click.option(
            "--directory", type=click.Path(file_okay=False), help="Keep logs, notebooks and values here."
        ),
        json_option,
    ):
        command = option(command)
    return click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))(command)


@click.command()
@_options
@click.option(
    "--succeed", multiple=True, metavar="TASK", help="Not run, counts as succeeded; `*` for any text."
)
@click.option("--skip", multiple=True, metavar="TASK", help="Not run, counts as skipped.")
@click.option("--answer", "answers", multiple=True, metavar="TASK=OPTION", help="The answer to an approval.")
def test(
    file: Path,
    logical_date: str | None,
    params: tuple[str, ...],
    dag_id: str | None,
    values: tuple[str, ...],
    directory: str | None,
    as_json: bool,
    succeed: tuple[str, ...],
    skip: tuple[str, ...],
    answers: tuple[str, ...],
) -> int:
    """Run a DAG of a .py or .ipynb file here, without server and database. Exit code 1 if it fails."""
    run = _run(
        file,
        dag_id,
        logical_date,
        params_of(params),
        as_json,
        values=params_of(values, "value"),
        succeed=succeed,
        skip=skip,
        answers=params_of(answers, "answer"),
        directory=directory,
    )
    return _told(run, run.state, as_json)


@click.command("test")
@_options
@click.argument("task_id")
def test_task(
    file: Path,
    logical_date: str | None,
    params: tuple[str, ...],
    dag_id: str | None,
    values: tuple[str, ...],
    directory: str | None,
    as_json: bool,
    task_id: str,
) -> int:
    """Run one task of a DAG file here, without server and database. Exit code 1 if it fails."""
    run = _run(
        file,
        dag_id,
        logical_date,
        params_of(params),
        as_json,
        values=params_of(values, "value"),
        tasks=[task_id],
        directory=directory,
    )
    for task in run.tasks if not as_json else ():
        if task.task_id == task_id:
            click.echo(printable(task.log), nl=False)
            if task.returned is not None:
                click.echo(printable(f"returned {task.value!r}"))
    return _told(run, run.state, as_json)


def _run(
    file: Path,
    dag_id: str | None,
    logical_date: str | None,
    params: dict[str, Any],
    as_json: bool,
    **asked: Any,
) -> Any:
    read = parse(file)
    specs, sources = read.specs, read.sources
    known = {spec.id: spec for spec in specs}
    if dag_id is None and len(known) > 1:
        raise InvalidInput(
            f"{file} defines {len(known)} DAGs.", hint=f"Say which: --dag {next(iter(known))}."
        )
    chosen = known.get(dag_id) if dag_id is not None else specs[0]
    if chosen is None:
        raise InvalidInput(f"{file} defines no DAG {shown(dag_id)}.", hint=nearest(str(dag_id), known))
    asking = importlib.import_module("studio.testing.asking")
    return asking.run_dag(asking.DagData(chosen, sources), logical_date, params, **asked)


def _told(run: Any, ended: str, as_json: bool) -> int:
    if as_json:
        tasks = [
            {"task": task.name, "state": task.state, "error": task.error, "value": task.returned}
            for task in run.tasks
        ]
        print_json({"dag_id": run.dag_id, "run_id": run.run_id, "state": ended, "tasks": tasks})
    else:
        for task in run.tasks:
            click.echo(f"{task.name}: {task.state}")
        click.echo(printable(run.report()))
    return 0 if ended == "success" else 1
