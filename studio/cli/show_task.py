"""`studio tasks show`: a task with its tries, for people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from studio.api.models import AttemptInfo, TaskDetail
from studio.cli.show import console, duration, moment, plain, print_table, printable, state, task_name

_CHANGED: Final = {True: "changed since", False: "unchanged", None: ""}


def print_task(found: TaskDetail) -> None:
    """The task, its tries as a table, and what is to be said of the last one."""
    console().print(
        f"{plain(task_name(found.task))} of {plain(found.run_id)}: {state(found.task.state.value)}"
    )
    if found.source_changed:
        click.echo(
            "The notebook has changed since the DAG was published; publish it again to run it as it is now."
        )
    rows = [_row(attempt) for attempt in found.attempts]
    print_table(("try", "state", "started", "took", "ran", "notebook now"), rows, "It was not started yet.")
    if found.triggered_run is not None:
        click.echo(
            printable(f"Triggered the run {found.triggered_run.run_id} of {found.triggered_run.dag_id}.")
        )
    last = found.attempts[-1] if found.attempts else None
    if last and (cached := last.details.get("cache")):
        click.echo(
            printable(f"Not run: the result of run {cached['run_id']} counts, from {moment(cached['at'])}.")
        )
    for warning in last.details.get("warnings") or () if last else ():
        click.echo(printable(f"! {warning}"))
    for line in _products(last) if last else ():
        click.echo(printable(line))
    if last and last.error:
        click.echo(printable(last.error))
    for reason in found.why:
        click.echo(printable(reason))


def _products(attempt: AttemptInfo) -> Iterator[str]:
    """What a notebook needed, and the files that it made and was to make."""
    details = attempt.details
    used = details.get("resources") or {}
    words = [f"{details['kernel']} kernel {details.get('kernel_name')}"] if details.get("kernel") else []
    if used.get("cpu") is not None:
        words.append(f"{used['cpu']:.1f} s of CPU")
    if used.get("peak_memory"):
        words.append(f"{used['peak_memory'] / 1e6:,.0f} MB at most")
    if words:
        yield f"Needed   {', '.join(words)}"
    for made in details.get("outputs") or ():
        yield f"Output   {made['path']}  (bytes: {made['size']:,}, SHA-256 {made['digest'][:12]})"
    if attempt.output_path:
        yield f"Notebook {attempt.output_path}"
        for name in (details.get("exports") or {}).values():
            yield f"Export   {Path(attempt.output_path).parent / name}"


def _row(attempt: AttemptInfo) -> tuple[str, ...]:
    took = duration(attempt.started_at, attempt.ended_at) if attempt.started_at else ""
    return (
        str(attempt.try_number),
        state(attempt.state.value),
        moment(attempt.started_at),
        took,
        plain(_source(attempt)),
        _CHANGED[attempt.source_changed],
    )


def _source(attempt: AttemptInfo) -> str:
    """Which bytes ran: "commit 3f2a9c1d0b7e", or "snapshot" or "latest" with the hash of the content."""
    source = attempt.details.get("source")
    if not isinstance(source, dict):
        return ""
    revision, digest = source.get("revision"), source.get("digest")
    return f"commit {str(revision)[:12]}" if revision else f"{source.get('mode')} {str(digest)[:12]}"
