"""Finding the server of a studio, and starting it if there is none.

The server writes its address and token into a file that only its user can read (see `Settings.runtime_file`). A
file whose server does not answer is stale; the next server replaces it.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from studio.errors import ServerUnavailable
from studio.settings import Settings

START_TIMEOUT: Final = 60.0  # seconds for a new server to answer
_ANSWER_TIMEOUT: Final = 5.0  # seconds for a running one
_POLL: Final = 0.05  # seconds
_LOG_LINES: Final = 12
_MAX_LOG: Final = 10 * 1024 * 1024  # bytes; a larger log of earlier servers is set aside


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a server is and what lets one in."""

    url: str  # without a slash at the end
    token: str = field(repr=False)
    pid: int = 0
    version: str = ""


def read_endpoint(settings: Settings) -> Endpoint | None:
    """What the runtime file says; None if there is none, if it is not private to this user, or is no such file."""
    try:
        descriptor = os.open(settings.runtime_file, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if status.st_uid != os.getuid() or stat.S_IMODE(status.st_mode) & 0o077:
                return None
            given = json.loads(file.read(65536))
        return Endpoint(str(given["url"]), str(given["token"]), int(given["pid"]), str(given["version"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def answers(endpoint: Endpoint, timeout: float = _ANSWER_TIMEOUT) -> bool:
    """Whether that server answers and takes the token. Blocking."""
    request = urllib.request.Request(
        f"{endpoint.url}/api/server", headers={"Authorization": f"token {endpoint.token}"}
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never through a proxy
    try:
        with opener.open(request, timeout=timeout) as answer:
            return bool(answer.status == 200)
    except (OSError, ValueError):
        return False


def find_server(settings: Settings) -> Endpoint | None:
    """The running server of this studio, or None. Blocking."""
    endpoint = read_endpoint(settings)
    if endpoint is None or not is_alive(endpoint.pid) or not answers(endpoint):
        return None
    return endpoint


def ensure_server(settings: Settings) -> Endpoint:
    """The running server of this studio; starts one, detached, if there is none. Blocking.

    Callers at the same time, in any number of processes, get the same server.

    Raises `ServerUnavailable` with the end of the log if it does not come up.
    """
    found = find_server(settings)
    if found is not None:
        return found
    with _one_starter(settings):
        return find_server(settings) or start_detached(settings)


def start_detached(settings: Settings) -> Endpoint:
    """Start a server in a session of its own and wait until it answers. Use `ensure_server`, which looks first."""
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _log_file(settings) as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "studio.server"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment_of(settings),
            cwd=settings.home,
            start_new_session=True,
        )
    # It outlives this process; as long as this one lives, somebody must take note of its end.
    threading.Thread(target=process.wait, name="studio-server-wait", daemon=True).start()
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        endpoint = read_endpoint(settings)
        if endpoint is not None and endpoint.pid == process.pid and answers(endpoint):
            return endpoint
        if process.returncode is not None:
            # Another one may have been faster, started by `studio server`.
            found = find_server(settings)
            if found is not None:
                return found
            raise ServerUnavailable(
                f"The studio server ended with status {process.returncode} while it started.",
                hint=_end_of_log(settings),
            )
        time.sleep(_POLL)
    process.terminate()
    raise ServerUnavailable(
        f"The studio server did not answer within {START_TIMEOUT:.0f} s.", hint=_end_of_log(settings)
    )


def environment_of(settings: Settings) -> dict[str, str]:
    """This process's environment, changed so that `Settings.from_environment` gives `settings` again."""
    return {
        **os.environ,
        "STUDIO_HOME": str(settings.home),
        "STUDIO_DATABASE": settings.database,
        "STUDIO_DAGS": str(settings.dag_folder),
        "STUDIO_SLOTS": str(settings.slots),
        "STUDIO_PORT": str(settings.port),
        "STUDIO_NOTEBOOKS": str(settings.notebook_root),
        "PYTHONPATH": os.pathsep.join(_absolute_path()),
    }


def is_alive(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _absolute_path() -> Iterator[str]:
    # The server runs in another directory: a relative entry would mean something else there.
    for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep):
        if entry:
            yield os.path.abspath(entry)


@contextmanager
def _one_starter(settings: Settings) -> Iterator[None]:
    """Only one process, and one thread of it, at a time starts a server."""
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(settings.home / "start.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _log_file(settings: Settings) -> Iterator[int]:
    path = settings.log_file
    if path.exists() and path.stat().st_size > _MAX_LOG:
        path.replace(Path(f"{path}.1"))
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _end_of_log(settings: Settings) -> str:
    try:
        lines = settings.log_file.read_text("utf-8", errors="replace").splitlines()[-_LOG_LINES:]
    except OSError:
        lines = []
    return "\n".join([f"The end of {settings.log_file}:", *lines])
