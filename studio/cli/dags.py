"""`studio dags …`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from studio.api.models import DagSummary, VersionSummary
from studio.cli.converting import from_notebook, to_python
from studio.cli.dag_files import check, publish
from studio.cli.options import confirm, yes_option
from studio.cli.show import STATES, console, json_option, moment, plain, print_json, print_table
from studio.cli.trials import test
from studio.cli.trigger import trigger
from studio.client import connect
from studio.errors import InvalidInput, NotFound


@click.group()
def dags() -> None:
    """List, show, trigger, pause, check, test, publish, convert and delete DAGs."""


for command in (trigger, check, publish, test, from_notebook, to_python):
    dags.add_command(command)


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
@yes_option
def delete(dag_id: str, yes: bool) -> int:
    """Forget a DAG and its history; a file of the DAG folder that defines it goes first."""
    confirm(f"Delete the DAG {dag_id} with all its runs?", yes=yes)
    with connect() as client:
        client.delete_dag(dag_id)
    click.echo(f"{dag_id} and its runs are deleted.")
    return 0


@dags.command()
@click.argument("dag_ids", metavar="DAG_ID...", nargs=-1, required=True)
@json_option
def pause(dag_ids: tuple[str, ...], as_json: bool) -> int:
    """Start nothing new; what runs goes on."""
    return _set_paused(dag_ids, True, as_json)


@dags.command()
@click.argument("dag_ids", metavar="DAG_ID...", nargs=-1, required=True)
@json_option
def unpause(dag_ids: tuple[str, ...], as_json: bool) -> int:
    """Go on."""
    return _set_paused(dag_ids, False, as_json)


@dags.command("next")
@click.argument("dag_id")
@click.option("--count", type=click.IntRange(1, 100), default=5, show_default=True)
@json_option
def next_(dag_id: str, count: int, as_json: bool) -> int:
    """When the schedule starts the next runs, and which data they are about."""
    with connect() as client:
        found = client.next_runs(dag_id, count)
    if as_json:
        print_json(found)
        return 0
    click.echo(found.words)
    rows = [
        (run.local, moment(run.logical_date), f"{moment(run.interval_start)} to {moment(run.interval_end)}")
        for run in found.runs
    ]
    print_table((f"run ({found.timezone})", "logical date (here)", "data (here)"), rows, "No run is due.")
    return 0


@dags.command()
@click.argument("dag_id")
@click.argument("version", required=False)
@json_option
def versions(dag_id: str, version: str | None, as_json: bool) -> int:
    """The versions of a DAG, or the spec of the one that begins so."""
    with connect() as client:
        found = client.list_versions(dag_id).versions
        if version is not None:
            print_json(client.get_version(dag_id, _whole_version(dag_id, version, found)))
            return 0
    if as_json:
        print_json({"versions": found})
        return 0
    rows = [
        (each.version[:12], moment(each.created_at), str(each.runs), "current" if each.current else "")
        for each in found
    ]
    print_table(("version", "published", "runs", ""), rows, "No versions.")
    return 0


def _whole_version(dag_id: str, start: str, versions: Sequence[VersionSummary]) -> str:
    fitting = [each.version for each in versions if each.version.startswith(start)]
    if len(fitting) != 1:
        known = ", ".join(each.version[:12] for each in versions[:8])
        kind = InvalidInput if fitting else NotFound
        raise kind(
            f"{len(fitting)} versions of {dag_id!r} begin with {start!r}.", hint=f"There are: {known}."
        )
    return fitting[0]


def _set_paused(dag_ids: tuple[str, ...], paused: bool, as_json: bool) -> int:
    with connect() as client:
        if len(dag_ids) == 1:
            detail = client.update_dag(dag_ids[0], paused=paused)
            if as_json:
                print_json(detail.dag)
            else:
                click.echo(f"{dag_ids[0]} is {'paused' if paused else 'active'}.")
            return 0
        answer = client.update_dags(dag_ids, paused=paused)
    if as_json:
        print_json(answer)
    else:
        for dag_id in answer.done:
            click.echo(f"{dag_id} is {'paused' if paused else 'active'}.")
        for refused in answer.refused:
            text = " ".join(filter(None, (refused.error.message, refused.error.hint)))
            click.echo(f"Error: {text}", err=True)
    return 1 if answer.refused else 0


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
