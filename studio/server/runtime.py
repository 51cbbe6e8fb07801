"""What tells others of a running server: its runtime file, and the lock that makes it the only one of its home."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

from studio._version import __version__
from studio.client.endpoint import (
    Endpoint,
    answers,
    ensure_server,
    find_server,
    read_endpoint,
    start_detached,
)
from studio.errors import Conflict
from studio.settings import Settings

__all__ = [
    "Endpoint",
    "answers",
    "ensure_server",
    "find_server",
    "is_gone",
    "last_port",
    "only_server",
    "process_name",
    "published",
    "read_endpoint",
    "start_detached",
]


_HOME_ID = 16  # characters
_PORT_FILE = "server.port"


@contextmanager
def published(settings: Settings, url: str, token: str) -> Iterator[Endpoint]:
    """Keep the runtime file as long as the block lasts; it replaces a stale one and is removed if it is still ours."""
    endpoint = Endpoint(url=url, token=token, pid=os.getpid(), version=__version__)
    path = settings.runtime_file
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({"url": url, "token": token, "pid": endpoint.pid, "version": __version__}, file)
    temporary.replace(path)
    _remember_port(settings, url)
    try:
        yield endpoint
    finally:
        if read_endpoint(settings) == endpoint:
            path.unlink(missing_ok=True)


def last_port(settings: Settings) -> int:
    """The port of the server before this one, so that pages that are open find the next one; 0 if it is not known."""
    try:
        text = (settings.home / _PORT_FILE).read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return 0
    return int(text) if text.isdecimal() and 1024 <= int(text) < 65536 else 0


def _remember_port(settings: Settings, url: str) -> None:
    with suppress(OSError):  # a home that cannot be written to: the next server takes any port
        (settings.home / _PORT_FILE).write_text(url.rpartition(":")[2], "ascii")


@contextmanager
def only_server(settings: Settings) -> Iterator[str]:
    """Yields what names this home for ever. Raises `Conflict` if another process serves it.

    The lock goes with the process, however it ends.
    """
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(settings.home / "server.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        try:
            # Of the process, not of the open file: what it starts must not hold the lock after its end.
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            running = read_endpoint(settings)
            who = f" (process {running.pid}, {running.url})" if running else ""
            raise Conflict(
                f"A studio server{who} is running on {settings.home} already.", hint="See `studio status`."
            ) from error
        home = os.pread(descriptor, _HOME_ID, 0).decode("ascii", "replace")
        if len(home) < _HOME_ID:
            home = secrets.token_hex(_HOME_ID // 2)
            os.pwrite(descriptor, home.encode(), 0)
        yield home
    finally:
        os.close(descriptor)


def process_name(home: str) -> str:
    """Host, process id, its start, and what `only_server` yields: names this process for ever."""
    return f"{socket.gethostname()}/{os.getpid()}/{int(psutil.Process().create_time())}/{home}"


def is_of(name: str, *, home: str) -> bool:
    """Whether the process with this `process_name` served `home`: its workers are those that we find there."""
    return name.rpartition("/")[2] == home


def is_gone(name: str, *, home: str) -> bool:
    """Whether the process with this `process_name` has certainly ended; `home` is the one that we hold.

    It was, if it served this home: we are its only server, whatever this machine is called by now (a container has
    another name after each start) and whoever has the process id. Of other hosts nothing is known.
    """
    host, pid, started, its_home = (*name.split("/"), "", "", "")[:4]
    if its_home == home:
        return True
    if host != socket.gethostname() or not pid.isdecimal() or not started.isdecimal():
        return False
    try:
        process = psutil.Process(int(pid))
        return abs(process.create_time() - int(started)) > 2.0 or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False
