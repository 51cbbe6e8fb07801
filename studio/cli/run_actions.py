"""`studio runs cancel|clear|mark|delete`: what is done to one run, or to many."""

from __future__ import annotations

from typing import Any, Literal

import click

from studio.api.models import ChosenTask, ClearAnswer
from studio.cli.options import confirm, counted, dry_run_option, param_option, params_of, yes_option
from studio.cli.selection import chunks, selected, selection_of, selection_options
from studio.cli.show import json_option, plain, print_json, print_table, state
from studio.client import connect


@click.command()
@selection_options
@dry_run_option
@yes_option
@json_option
def cancel(dag_id: str, dry_run: bool, yes: bool, as_json: bool, **which: Any) -> int:
    """End what runs, do not start what waits."""
    selection = selection_of(**which)
    with connect() as client:
        run_ids = selected(client, dag_id, selection, or_latest=True)
        if dry_run:
            return _would(run_ids, "cancel", as_json)
        if selection.is_search:
            confirm(f"Cancel {counted(len(run_ids), 'run')} of {dag_id}?", yes=yes)
        if len(run_ids) == 1:
            detail = client.cancel_run(dag_id, run_ids[0])
            if as_json:
                print_json(detail)
            else:
                click.echo(f"{detail.run.run_id} is being cancelled.")
            return 0
        number = sum(client.cancel_runs(dag_id, some).runs for some in chunks(run_ids))
    return _told(number, "being cancelled", as_json)


@click.command()
@selection_options
@click.option("--task", "task_ids", multiple=True, help="Only these tasks, and what waits for them.")
@click.option("--upstream", is_flag=True, help="What these tasks wait for, too.")
@click.option(
    "--downstream/--no-downstream", default=True, show_default=True, help="What waits for them, too."
)
@click.option("--past", is_flag=True, help="The same tasks in all earlier runs, too.")
@click.option("--future", is_flag=True, help="The same tasks in all later runs, too.")
@click.option("--only-failed", is_flag=True, help="Of the tasks only those that failed.")
@click.option("--only-new", is_flag=True, help="Only tasks that the newest version has added.")
@param_option
@click.option("--newest", is_flag=True, help="With the DAG's newest version, instead of the run's own.")
@click.option("--note", help="A text for people.")
@dry_run_option
@yes_option
@json_option
def clear(
    dag_id: str,
    task_ids: tuple[str, ...],
    upstream: bool,
    downstream: bool,
    past: bool,
    future: bool,
    only_failed: bool,
    only_new: bool,
    params: tuple[str, ...],
    newest: bool,
    note: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    **which: Any,
) -> int:
    """Run tasks of runs again; also with other params or the newest version. History stays."""
    selection, given = selection_of(**which), params_of(params)
    with connect() as client:
        run_ids = selected(client, dag_id, selection, or_latest=True)

        def cleared(is_dry: bool) -> ClearAnswer:
            answers = [
                client.clear_runs(
                    dag_id,
                    some,
                    task_ids,
                    upstream=upstream,
                    downstream=downstream,
                    past=past,
                    future=future,
                    only_failed=only_failed,
                    only_new=only_new,
                    params=given,
                    version="latest" if newest else "run",
                    note=note,
                    dry_run=is_dry,
                )
                for some in chunks(run_ids)
            ]
            tasks = [task for answer in answers for task in answer.tasks]
            return ClearAnswer(cleared=sum(answer.cleared for answer in answers), tasks=tasks)

        if not (dry_run or yes) and (selection.is_search or past or future):
            number = cleared(True).cleared
            confirm(f"Clear {counted(number, 'task')} of {counted(len(run_ids), 'run')}?", yes=False)
        answer = cleared(dry_run)
    if as_json:
        print_json(answer)
    else:
        print_chosen(answer.tasks, "Nothing to clear.")
        click.echo(f"{'Would clear' if dry_run else 'Cleared'} {counted(answer.cleared, 'task')}.")
    return 0


@click.command()
@selection_options
@click.option(
    "--as",
    "mark_as",
    type=click.Choice(["success", "failed"]),
    required=True,
    help="How they are to have ended.",
)
@click.option("--note", help="A text for people.")
@dry_run_option
@yes_option
@json_option
def mark(
    dag_id: str,
    mark_as: Literal["success", "failed"],
    note: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    **which: Any,
) -> int:
    """Say how runs ended: what runs is ended, what has not begun is skipped."""
    selection = selection_of(**which)
    with connect() as client:
        run_ids = selected(client, dag_id, selection, or_latest=True)
        if dry_run:
            return _would(run_ids, f"mark as {mark_as}", as_json)
        if selection.is_search:
            confirm(f"Mark {counted(len(run_ids), 'run')} of {dag_id} as {mark_as}?", yes=yes)
        number = sum(client.mark_runs(dag_id, some, mark_as, note=note).runs for some in chunks(run_ids))
    return _told(number, f"marked as {mark_as}", as_json)


@click.command()
@selection_options
@dry_run_option
@yes_option
@json_option
def delete(dag_id: str, dry_run: bool, yes: bool, as_json: bool, **which: Any) -> int:
    """Delete runs that are over, with their tasks and attempts."""
    selection = selection_of(**which)
    with connect() as client:
        run_ids = selected(client, dag_id, selection, or_latest=False)
        if dry_run:
            return _would(run_ids, "delete", as_json)
        confirm(f"Delete {counted(len(run_ids), 'run')} of {dag_id}?", yes=yes)
        number = sum(client.delete_runs(dag_id, some).runs for some in chunks(run_ids))
    return _told(number, "deleted", as_json)


def print_chosen(tasks: list[ChosenTask], empty: str) -> None:
    """The task instances that a command is about."""
    rows = [
        (
            plain(task.run_id),
            plain(task.task_id) + (f"[{task.map_index}]" if task.map_index >= 0 else ""),
            state(task.state.value),
        )
        for task in tasks
    ]
    print_table(("run", "task", "was"), rows, empty)


def _would(run_ids: list[str], what: str, as_json: bool) -> int:
    if as_json:
        print_json({"run_ids": run_ids})
    else:
        click.echo("\n".join(run_ids))
        click.echo(f"Would {what} {counted(len(run_ids), 'run')}.")
    return 0


def _told(number: int, what: str, as_json: bool) -> int:
    if as_json:
        print_json({"runs": number})
    else:
        click.echo(f"{counted(number, 'run')} {'is' if number == 1 else 'are'} {what}.")
    return 0
