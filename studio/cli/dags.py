"""`studio dags …`."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import click

from studio.api.models import DagSummary
from studio.cli.show import STATES, console, json_option, moment, plain, print_json, print_table
from studio.cli.watch import watch_run
from studio.client import connect
from studio.errors import InvalidDag, InvalidInput


@click.group()
def dags() -> None:
    """List, show, trigger, pause, check, publish and delete DAGs."""


@dags.command("list")
@json_option
def list_(as_json: bool) -> int:
    """All DAGs with their last runs (newest right)."""
    with connect() as client:
        found = client.list_dags(runs=10)
    if as_json:
        print_json(found)
        return 0
    rows = [_row(dag) for dag in found.dags]
    empty = "No DAG is published yet. Try `studio dags publish FILE`."
    print_table(("DAG", "schedule", "paused", "next run", "tasks", "last runs"), rows, empty)
    for file in found.files:
        if file.error:
            line = f":{file.error_line}" if file.error_line else ""
            click.echo(f"✗ {file.path}{line}: {file.error}")
    return 0


@dags.command()
@click.argument("dag_id")
@json_option
def show(dag_id: str, as_json: bool) -> int:
    """A DAG, its tasks and its last runs."""
    with connect() as client:
        detail = client.get_dag(dag_id)
    if as_json:
        print_json(detail)
        return 0
    dag = detail.dag
    click.echo(f"{dag.dag_id}  version {dag.version[:12]}{'  paused' if dag.paused else ''}")
    if dag.description:
        console().print(plain(dag.description))
    click.echo(
        f"schedule {dag.schedule or 'by hand only'} ({dag.timezone}); next run {moment(dag.next_run) or 'none'}"
    )
    rows = [
        (
            plain(task.id),
            task.kind,
            plain(task.label),
            plain(", ".join(task.upstream)),
            task.trigger_rule,
            str(task.retries),
        )
        for task in detail.tasks
    ]
    print_table(("task", "kind", "runs", "after", "rule", "retries"), rows, "No tasks.")
    return 0


@dags.command()
@click.argument("dag_id")
@click.option("--date", "logical_date", help="Logical date, for example 2013-01-31; in the DAG's time zone.")
@click.option(
    "-p", "--param", "params", multiple=True, metavar="NAME=VALUE", help="A param; the value is JSON or text."
)
@click.option("--run-id", help="An id of your own; without it one is made.")
@click.option("--watch", is_flag=True, help="Follow the run to its end.")
@json_option
def trigger(
    dag_id: str,
    logical_date: str | None,
    params: tuple[str, ...],
    run_id: str | None,
    watch: bool,
    as_json: bool,
) -> int:
    """Start a run by hand."""
    with connect() as client:
        given = dict(_param(text) for text in params)
        detail = client.trigger_run(dag_id, logical_date=logical_date, params=given, run_id=run_id)
        if watch:
            return watch_run(client, dag_id, detail.run.run_id, as_json=as_json)
    if as_json:
        print_json(detail)
    else:
        click.echo(f"Started {detail.run.run_id}")
        click.echo(f"Follow it with `studio runs watch {dag_id} {detail.run.run_id}`.", err=True)
    return 0


@dags.command()
@click.argument("dag_id")
@click.confirmation_option("-y", "--yes", prompt="Delete the DAG with all its runs?", help="Do not ask.")
def delete(dag_id: str) -> int:
    """Forget a DAG and its history; a file of the DAG folder that defines it goes first."""
    with connect() as client:
        client.delete_dag(dag_id)
    click.echo(f"{dag_id} and its runs are deleted.")
    return 0


@dags.command()
@click.argument("dag_id")
@json_option
def pause(dag_id: str, as_json: bool) -> int:
    """Start nothing new; what runs goes on."""
    return _set_paused(dag_id, True, as_json)


@dags.command()
@click.argument("dag_id")
@json_option
def unpause(dag_id: str, as_json: bool) -> int:
    """Go on."""
    return _set_paused(dag_id, False, as_json)


@dags.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def check(file: Path, as_json: bool) -> int:
    """Read a .py or .ipynb file as the server would, and say what is wrong. Nothing is published."""
    specs, _ = _parse(file)
    if as_json:
        print_json({"dags": specs})
    for spec in [] if as_json else specs:
        click.echo(f"✓ {spec.id}: {len(spec.tasks)} task{'s' * (len(spec.tasks) != 1)}")
    return 0


@dags.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def publish(file: Path, as_json: bool) -> int:
    """Publish the DAGs of a .py or .ipynb file."""
    specs, sources = _parse(file)
    published = []
    with connect() as client:
        for content in sources.values():
            client.put_source(content)
        for spec in specs:
            detail = client.publish_dag(spec)
            published.append(detail.dag)
            if not as_json:
                click.echo(f"✓ {spec.id}: version {detail.dag.version[:12]}")
    if as_json:
        print_json({"dags": published})
    return 0


def _parse(file: Path) -> tuple[list[Any], dict[str, bytes]]:
    parse = importlib.import_module("studio.authoring.parse")
    result = parse.parse_file(file.absolute())
    if result.error is not None:
        line = f":{result.error.line}" if result.error.line else ""
        raise InvalidDag(f"{file}{line}: {result.error.message}")
    if not result.specs:
        raise InvalidDag(
            f"{file} defines no DAG.", hint="Define one at the top level: `with DAG(…) as dag:`."
        )
    return list(result.specs), dict(result.sources)


def _set_paused(dag_id: str, paused: bool, as_json: bool) -> int:
    with connect() as client:
        detail = client.update_dag(dag_id, paused=paused)
    if as_json:
        print_json(detail.dag)
    else:
        click.echo(f"{dag_id} is {'paused' if paused else 'active'}.")
    return 0


def _param(text: str) -> tuple[str, Any]:
    name, found, value = text.partition("=")
    if not found or not name:
        raise InvalidInput(
            f"The param {text!r} is not NAME=VALUE.", hint="For example -p day=2013-01-31.", field="param"
        )
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _row(dag: DagSummary) -> tuple[str, ...]:
    last = "".join(
        f"[{STATES[run.state.value][1]}]{STATES[run.state.value][0]}[/]" for run in reversed(dag.runs)
    )
    return (
        plain(dag.dag_id),
        plain(dag.schedule) or "by hand",
        "paused" if dag.paused else "",
        moment(dag.next_run),
        str(dag.task_count),
        last + ("  [red]file error[/]" if dag.error else ""),
    )
