"""Why a command did not start, and what its exit code means, in words."""

from __future__ import annotations

import errno
import os
import shutil
import signal
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from studio.core.names import shown
from studio.errors import InvalidInput, NotFound, StudioError


def explained(code: int, program: str) -> str:
    """What an exit code means, in words."""
    if code < 0:
        return f"The command was ended by {_signal_name(-code)}.{_why(-code)}"
    told = f"The command ended with exit code {code}"
    if code == 126:
        return f"{told}: a program of it was found, but may not be executed, or is none."
    if code == 127:
        return f"{told}: a program of it was not found."
    if code == 2 and Path(program).name == "bash":
        return f"{told}: bash could not understand the script, or a program of it says 2."
    if 128 < code < 128 + signal.NSIG:
        return f"{told}: a program of it was ended by {_signal_name(code - 128)}.{_why(code - 128)}"
    return f"{told}."


def not_started(arguments: list[str], env: Mapping[str, str], error: Exception) -> StudioError:
    program = arguments[0]
    if isinstance(error, FileNotFoundError):
        return NotFound(f"There is no program {shown(program)}.", hint=_near(program, env.get("PATH", "")))
    if isinstance(error, PermissionError):
        return NotFound(
            f"{shown(program)} may not be executed.",
            hint="Is it a file with the right to execute (chmod +x), and no directory?",
        )
    if isinstance(error, OSError) and error.errno == errno.E2BIG:
        return InvalidInput(
            "The arguments and environment variables are too large for the system.",
            hint="Give large values by `stdin`, or by a file.",
            field="command",
        )
    if isinstance(error, OSError) and error.errno == errno.ENOEXEC:
        return InvalidInput(
            f"{shown(program)} is no program: a script begins with a line like `#!/bin/sh`.", field="command"
        )
    return InvalidInput(f"The command could not be started: {error}.", field="command")


def _near(program: str, path: str) -> str:
    if os.sep in program:
        return "A path is relative to `cwd`."
    names: set[str] = set()
    for directory in path.split(os.pathsep):
        try:
            names.update(os.listdir(directory))
        except OSError:
            continue
    close = [name for name in get_close_matches(program, names, n=3) if shutil.which(name, path=path)]
    looked = "It was looked for in the worker's PATH."
    return f"Did you mean {' or '.join(map(shown, close))}? {looked}" if close else looked


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _why(number: int) -> str:
    if number == signal.SIGKILL:
        return " Did it need more memory than there is?"
    if number == signal.SIGPIPE:
        return " What it wrote to had ended; a pipe fails if one of its programs does (`pipefail`)."
    return ""
