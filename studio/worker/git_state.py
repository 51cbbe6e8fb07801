"""In which state the git repository of a folder is: asked on a thread of its own, while a notebook runs."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from typing import Any, Final

_LIMIT: Final = 2.0  # seconds for git's answer
_FRESH: Final = 5.0  # seconds for which an answer holds
_MOST: Final = 100  # folders
_OWN_PLACES: Final = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_NAMESPACE")

_answers: dict[str, tuple[float, dict[str, Any] | None]] = {}  # by folder: when (monotonic), what


class GitState:
    """`GitState(folder)` begins to ask; `state()` waits for the answer, `_LIMIT` seconds at most."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._answer: dict[str, Any] | None = None
        self._thread: threading.Thread | None = None
        known = _answers.get(folder)
        if known is not None and time.monotonic() - known[0] < _FRESH:
            self._answer = known[1]
        elif _is_in_repository(folder):
            self._thread = threading.Thread(target=self._ask, name="git", daemon=True)
            self._thread.start()

    def state(self) -> dict[str, Any] | None:
        """`{"revision": full hash, "dirty": whether tracked files of the folder are changed}`; None if there is no
        repository, no commit, or no answer in time."""
        if self._thread is not None:
            self._thread.join(_LIMIT)
        return self._answer

    def _ask(self) -> None:
        env = {name: value for name, value in os.environ.items() if name not in _OWN_PLACES}
        try:
            done = subprocess.run(
                [
                    "git",
                    "-C",
                    self._folder,
                    "status",
                    "--porcelain=v2",
                    "--branch",
                    "--untracked-files=no",
                    "--",
                    ".",
                ],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_LIMIT,
                check=True,
                env=env | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"},
            )
        except (OSError, subprocess.SubprocessError):  # no git, or not its repository to read, or too slow
            pass
        else:
            self._answer = _parsed(done.stdout.decode("utf-8", "replace").splitlines())
        if len(_answers) >= _MOST:
            _answers.clear()
        _answers[self._folder] = (time.monotonic(), self._answer)


def _is_in_repository(folder: str) -> bool:
    while not os.path.exists(os.path.join(folder, ".git")):
        folder, below = os.path.dirname(folder), folder
        if folder == below:
            return False
    return True


def _parsed(lines: list[str]) -> dict[str, Any] | None:
    head = next((line.split()[2] for line in lines if line.startswith("# branch.oid ")), "")
    if not head or head.startswith("("):  # "(initial)": there is no commit yet
        return None
    return {"revision": head, "dirty": any(not line.startswith("#") for line in lines)}
