"""`studio doctor`: looks for what is wrong, changes nothing."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from studio.api.models import ServerInfo
from studio.cli.invariants import violations
from studio.cli.missing_values import missing_values
from studio.cli.show import console, json_option, plain, print_json, table
from studio.client import connect
from studio.client.endpoint import find_server, is_alive, read_endpoint
from studio.errors import StudioError
from studio.executors.settlement import identify
from studio.ports import Store
from studio.settings import Settings
from studio.store import check as check_schema
from studio.store import describe, open_store
from studio.values.stores import open_store as open_values

_SHOWN = 20  # sentences about what is wrong


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `hint`: what to do if it is not well."""

    what: str
    is_well: bool
    found: str
    hint: str = ""


@click.command()
@click.option(
    "--runs", default=500, show_default=True, type=click.IntRange(0), help="So many newest runs are checked."
)
@json_option
def doctor(runs: int, as_json: bool) -> int:
    """Look for what is wrong with this studio. Exit code 1 if something is."""
    settings = Settings.from_environment()
    findings = [*_places(settings), *_server(settings), *_database(settings, runs)]
    if as_json:
        print_json({"findings": findings, "ok": all(finding.is_well for finding in findings)})
    else:
        made = table("", "what", "found")
        for finding in findings:
            sign = "[green]✓[/]" if finding.is_well else "[red]✗[/]"
            hint = f"\n[yellow]→ {plain(finding.hint)}[/]" if finding.hint and not finding.is_well else ""
            made.add_row(sign, finding.what, plain(finding.found) + hint)
        console().print(made)
    return 0 if all(finding.is_well for finding in findings) else 1


def _places(settings: Settings) -> Iterator[Finding]:
    home = settings.home
    if not home.exists():
        yield Finding("home", True, f"{home} is made by the first server")
        return
    yield _private("home", home, 0o700)
    for path in (settings.log_file, settings.runtime_file, *sorted(home.glob("*.db"))):
        if path.exists():
            yield _private(path.name, path, 0o600)
    writable = os.access(home, os.W_OK | os.X_OK)
    yield Finding(
        "space", writable and _free(home) > 200, f"{_free(home)} MB free", f"Make room on the disk of {home}."
    )


def _private(what: str, path: Path, wanted: int) -> Finding:
    status = path.lstat()
    mode = stat.S_IMODE(status.st_mode)
    is_well = not mode & 0o077 and status.st_uid == os.getuid() and not stat.S_ISLNK(status.st_mode)
    return Finding(
        what, is_well, f"{path} (mode {mode:04o})", f"chmod {wanted:o} {path}; it must be yours, and no link."
    )


def _free(path: Path) -> int:
    status = os.statvfs(path)
    return status.f_bavail * status.f_frsize // 1024 // 1024


def _server(settings: Settings) -> Iterator[Finding]:
    written = read_endpoint(settings)
    if find_server(settings) is None:
        if written is not None and is_alive(written.pid):
            yield Finding(
                "server",
                False,
                f"process {written.pid} does not answer at {written.url}",
                f"See {settings.log_file}.",
            )
        else:
            yield Finding("server", True, "none runs; connect() and JupyterLab start one")
        return
    with connect(start=False) as client:
        info: ServerInfo = client.server_info()
        yield Finding("server", True, f"{client.url}, version {info.version}, process {info.pid}")
    hint = f"Another server may hold the lease; see {settings.log_file}."
    yield Finding("scheduling", info.scheduling, "yes" if info.scheduling else "no", hint)
    alive = sum(identify(directory) is not None for directory in settings.worker_root.glob("*/"))
    is_well = alive > 0 or not info.running
    yield Finding(
        "workers",
        is_well,
        f"{alive} alive, {info.running} of {info.slots} slots busy",
        f"See {settings.worker_root}.",
    )


def _database(settings: Settings, runs: int) -> Iterator[Finding]:
    try:
        where = describe(settings.database)
        if not settings.home.exists():
            return
        revision = check_schema(settings.database)
    except StudioError as error:
        yield Finding("database", False, error.message, error.hint or "")
        return
    yield Finding("database", True, f"{where}, schema {revision}")
    hint = "This is a fault of Pipeline Studio: please report it with the server's log."
    yield _sound(
        "runs", settings, lambda store: violations(store, runs), f"the newest {runs} hold together", hint
    )
    values = open_values(settings.value_url)
    hint = "Values go with their runs only. Look whether STUDIO_VALUES is as it was, or clear those tasks."
    yield _sound("values", settings, lambda store: missing_values(store, values, runs), "all are there", hint)


def _sound(
    what: str, settings: Settings, look: Callable[[Store], AsyncIterator[str]], well: str, hint: str
) -> Finding:
    """Whether `look` finds nothing wrong."""
    try:
        wrong = asyncio.run(_first(settings, look))
    except StudioError as error:
        return Finding(what, False, error.message, error.hint or "")
    return Finding(what, not wrong, "\n".join(wrong) or well, hint)


async def _first(settings: Settings, look: Callable[[Store], AsyncIterator[str]]) -> list[str]:
    found: list[str] = []
    async with open_store(settings.database) as store:
        async for text in look(store):
            found.append(text)
            if len(found) >= _SHOWN:
                found.append("…")
                break
    return found
