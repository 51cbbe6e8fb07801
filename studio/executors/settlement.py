"""The last word on a worker: end whatever is left of it, then read in its journal what became of its attempts."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from studio.worker.cage import remove_cages
from studio.worker.fork_servers import remove_directory
from studio.worker.journal import JournalContent, read_journal
from studio.worker.messages import Outcome
from studio.worker.processes import boot_id, descendants, is_same_process, kill_all, marked
from studio.worker.supervisor import JOURNAL

LOG = "worker.log"
_TAIL = 2000  # bytes


@dataclass(frozen=True, slots=True)
class Settlement:
    """`is_complete`: an attempt that is in neither of the two never began. `left`: processes that cannot be killed."""

    outcomes: list[Outcome]
    begun: list[int]  # without an outcome: lost
    is_complete: bool
    left: list[int]


def identify(directory: Path) -> tuple[int, float | None] | None:
    """Process id and start of the live worker of `directory`; None if there is none."""
    header = read_journal(directory / JOURNAL).header
    if header is not None:
        is_alive = header.boot_id == boot_id() and is_same_process(header.pid, header.pid_started)
        return (header.pid, header.pid_started) if is_alive else None
    # It may have been started a moment ago by a server that died, and be about to write its journal.
    found = marked("STUDIO_WORKER", directory.name)
    return (found[0], None) if found else None


def settle(directory: Path, pid: int | None, start: float | None) -> Settlement:
    """Blocks until no process of the worker is left. `pid` and `start`: the supervisor, if it may be alive."""
    worker_id = directory.name

    def alive() -> list[int]:
        tree = [pid, *descendants(pid)] if pid is not None and is_same_process(pid, start) else []
        return list(dict.fromkeys([*tree, *marked("STUDIO_WORKER", worker_id)]))

    left = kill_all(alive)
    remove_cages(directory)
    content = read_journal(directory / JOURNAL)
    return Settlement(
        list(content.outcomes.values()), list(content.begun), _is_complete(content, directory), left
    )


def _is_complete(content: JournalContent, directory: Path) -> bool:
    if not (directory / JOURNAL).exists():  # it died at once, and never began anything
        return directory.is_dir()
    return not content.is_damaged and content.header is not None and content.header.boot_id == boot_id()


def log_tail(directory: Path) -> str:
    """The end of a worker's log; empty if there is none."""
    try:
        with (directory / LOG).open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _TAIL))
            return file.read().decode(errors="replace").strip()
    except OSError:
        return ""


def remove(directory: Path) -> None:
    """Everything in it is in the database."""
    remove_directory(directory)
    shutil.rmtree(directory, ignore_errors=True)
