"""`studio tasks clear|mark|note|respond|approvals`: what people do to tasks of a run."""

from __future__ import annotations

from typing import Literal

import click
import msgspec

from studio.api.models import MarkAnswer
from studio.cli.options import (
    confirm,
    counted,
    dry_run_option,
    json_or_text,
    map_index_option,
    param_option,
    params_of,
    run_option,
    yes_option,
)
from studio.cli.run_actions import print_chosen
from studio.cli.selection import latest
from studio.cli.show import json_option, moment, plain, print_json, print_table, task_name
from studio.client import connect


@click.command()
@click.argument("dag_id")
@click.argument("task_ids", nargs=-1, required=True)
@run_option
@click.option(
    "--downstream/--no-downstream", default=True, show_default=True, help="Take what waits for them too."
)
@click.option("--upstream", is_flag=True, help="Take what they wait for too.")
@map_index_option
@click.option("--only-failed", is_flag=True, help="Of these only those that failed.")
@param_option
@click.option("--newest", is_flag=True, help="With the DAG's newest version, instead of the run's own.")
@json_option
def clear(
    dag_id: str,
    task_ids: tuple[str, ...],
    run_id: str | None,
    downstream: bool,
    upstream: bool,
    map_index: int | None,
    only_failed: bool,
    params: tuple[str, ...],
    newest: bool,
    as_json: bool,
) -> int:
    """Run tasks of a run again. `studio runs clear` has more to choose from."""
    given = params_of(params)
    with connect() as client:
        run = run_id or latest(client, dag_id)
        detail = client.clear_tasks(
            dag_id,
            run,
            task_ids,
            map_index=map_index,
            upstream=upstream,
            downstream=downstream,
            only_failed=only_failed,
            params=given,
            version="latest" if newest else "run",
        )
        current = client.get_dag(dag_id).dag.version
    if as_json:
        print_json(detail)
    else:
        if detail.run.version != current:
            click.echo(
                f"The run keeps its version {detail.run.version[:8]}; `studio dags trigger {dag_id}` "
                f"starts one of the newest, {current[:8]}; so does --newest here.",
                err=True,
            )
        click.echo(f"Cleared; follow it with `studio runs watch {dag_id} {run}`.")
    return 0


@click.command()
@click.argument("dag_id")
@click.argument("task_ids", metavar="TASK_ID...", nargs=-1, required=True)
@click.option(
    "--as",
    "mark_as",
    type=click.Choice(["success", "failed", "skipped"]),
    required=True,
    help="How they are to have ended.",
)
@run_option
@map_index_option
@click.option("--upstream", is_flag=True, help="What they wait for, too.")
@click.option("--downstream", is_flag=True, help="What waits for them, too.")
@click.option("--past", is_flag=True, help="The same tasks in all earlier runs, too.")
@click.option("--future", is_flag=True, help="The same tasks in all later runs, too.")
@click.option(
    "--value", help="What the task is to have returned: JSON or text; of one task marked as success."
)
@click.option("--note", help="A text for people.")
@dry_run_option
@yes_option
@json_option
def mark(
    dag_id: str,
    task_ids: tuple[str, ...],
    mark_as: Literal["success", "failed", "skipped"],
    run_id: str | None,
    map_index: int | None,
    upstream: bool,
    downstream: bool,
    past: bool,
    future: bool,
    value: str | None,
    note: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Say how tasks ended. What failed after them only because of them runs again."""
    with connect() as client:
        run = run_id or latest(client, dag_id)

        def marked(is_dry: bool) -> MarkAnswer:
            return client.mark_tasks(
                dag_id,
                [run],
                task_ids,
                mark_as,
                map_index=map_index,
                upstream=upstream,
                downstream=downstream,
                past=past,
                future=future,
                value=msgspec.UNSET if value is None else json_or_text(value),
                note=note,
                dry_run=is_dry,
            )

        if (past or future) and not (dry_run or yes):
            confirm(f"Mark {counted(marked(True).marked, 'task')} as {mark_as}?", yes=False)
        answer = marked(dry_run)
    if as_json:
        print_json(answer)
    else:
        print_chosen(answer.tasks, "Nothing to mark.")
        verb = "Would mark" if dry_run else "Marked"
        click.echo(f"{verb} {counted(answer.marked, 'task')} as {mark_as}.")
    return 0


@click.command()
@click.argument("dag_id")
@click.argument("task_id")
@click.argument("text")
@run_option
@map_index_option
@json_option
def note(
    dag_id: str, task_id: str, text: str, run_id: str | None, map_index: int | None, as_json: bool
) -> int:
    """Write a note to a task of a run; an empty text removes it."""
    with connect() as client:
        status = client.set_task_note(dag_id, run_id or latest(client, dag_id), task_id, text, map_index)
    if as_json:
        print_json(status)
    else:
        click.echo(f"{task_name(status)}: {'noted' if text else 'the note is gone'}.")
    return 0


@click.command()
@click.argument("dag_id")
@click.argument("task_id")
@click.argument("options", metavar="OPTION...", nargs=-1, required=True)
@param_option
@run_option
@map_index_option
@json_option
def respond(
    dag_id: str,
    task_id: str,
    options: tuple[str, ...],
    params: tuple[str, ...],
    run_id: str | None,
    map_index: int | None,
    as_json: bool,
) -> int:
    """Answer a task that waits for a person."""
    given = params_of(params)
    with connect() as client:
        run = run_id or latest(client, dag_id)
        status = client.respond(dag_id, run, task_id, options, given, map_index=map_index)
    if as_json:
        print_json(status)
    else:
        click.echo(f"{task_name(status)}: answered {', '.join(options)}; it is {status.state.value}.")
    return 0


@click.command()
@click.argument("dag_id", required=False)
@json_option
def approvals(dag_id: str | None, as_json: bool) -> int:
    """Everything that waits for a person, the longest wait first."""
    with connect() as client:
        found = client.list_approvals(dag_id)
    if as_json:
        print_json(found)
        return 0
    rows = [
        (
            plain(each.dag_id),
            plain(each.run_id),
            plain(task_name(each.task)),
            plain(each.subject),
            plain(", ".join(each.options)),
            moment(each.task.waiting_since),
        )
        for each in found.approvals
    ]
    print_table(("DAG", "run", "task", "subject", "options", "since"), rows, "Nothing waits for a person.")
    return 0
