"""Functions that the tests run as tasks, in runners."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time


def add(a: int, b: int) -> int:
    return a + b


def fail() -> None:
    raise ValueError("no such luck")


def note(file: str, seconds: float = 0.0) -> int:
    """Append a line to `file`, then sleep."""
    with open(file, "a") as out:
        out.write(f"{os.environ['STUDIO_ATTEMPT']}\n")
    time.sleep(seconds)
    return os.getpid()


def wait_for(file: str, begun: str) -> str:
    """Say in `begun` that it began, then wait until `file` exists."""
    with open(begun, "a") as out:
        out.write(f"{os.environ['STUDIO_ATTEMPT']}\n")
    while not os.path.exists(file):
        time.sleep(0.01)
    return "seen"


def leave(code: int) -> None:
    os._exit(code)


def kill_self() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def close_everything() -> None:
    os.closerange(3, 200)
    time.sleep(60)


def stubborn(pids: str) -> None:
    """Ignore polite signals, with a grandchild that has left the session and lost its parent."""
    _stray(pids)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with open(pids, "a") as out:
        out.write(f"{os.getpid()}\n")
    time.sleep(60)


def stray(pids: str) -> str:
    """End at once, but leave a process behind."""
    _stray(pids)
    return "done"


def fork_and_return() -> int:
    """The child comes back to the runner's own code."""
    return os.fork()


def _stray(pids: str) -> None:
    code = f"import os,time; open({pids!r},'a').write(f'{{os.getpid()}}\\n'); time.sleep(60)"
    subprocess.run(
        [
            sys.executable,
            "-c",
            f"import subprocess,sys; subprocess.Popen([sys.executable,'-c',{code!r}], start_new_session=True)",
        ],
        check=True,
    )
    while not (os.path.exists(pids) and os.path.getsize(pids)):
        time.sleep(0.01)


def child_says(words: str, times: int = 1) -> None:
    """By a program, not by Python."""
    script = f"for i in $(seq {times}); do printf '%s\\n' \"$0\"; done; printf 'no end' >&2"
    subprocess.run(["sh", "-c", script, words], check=True)


def crash() -> None:
    os.write(2, b"last words\n")
    os.abort()
