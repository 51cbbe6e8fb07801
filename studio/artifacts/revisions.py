"""A file as of a revision of the git repository that it is in, read with the `git` of this machine."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from studio.artifacts.notebook_files import MAX_BYTES, too_large
from studio.core.names import shown
from studio.core.revisions import check_revision
from studio.errors import InvalidInput, NotebookNotFound, RevisionNotFound

_TIMEOUT: Final = 120.0  # seconds; a partial clone may fetch
_COMMIT: Final = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
#: They would make git look at another repository than the one of the file.
_OWN_PLACES: Final = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_NAMESPACE")


@dataclass(frozen=True, slots=True)
class RevisionFile:
    """A file of a commit."""

    content: bytes
    commit: str  # the full hash


def read_at_revision(path: str, revision: object) -> RevisionFile:
    """The file at `path` (absolute; it need not exist any more) as `revision` has it. Blocking.

    Filters and text conversions of the repository are not applied. Raises `RevisionNotFound`, `NotebookNotFound`,
    `TooLarge`, or `InvalidInput` if there is no repository or no git.
    """
    revision = check_revision(revision)
    # Its directory may be gone, and the repository be found all the same from one above.
    folder = Path(path).parent
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    file, where = os.path.relpath(path, folder), str(folder)
    top = _git(where, "rev-parse", "--show-toplevel")
    if top.returncode != 0:
        raise InvalidInput(
            f"The notebook {shown(path, 300)} is to be read from the revision {shown(revision)}, but {where} is in no "
            f"git repository that can be read ({_said(top)}).",
            hint="Put it into a repository, or use source='latest'.",
            field="revision",
        )
    repository = os.fsdecode(top.stdout).rstrip("\n")
    resolved = _git(where, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    commit = resolved.stdout.decode("ascii", "replace").strip()
    if resolved.returncode != 0 or not _COMMIT.fullmatch(commit):
        raise RevisionNotFound(
            f"The repository {repository} has no revision {shown(revision)}, from which the notebook "
            f"{shown(path, 300)} is to be read.",
            hint=f"See `git -C {repository} branch -a` and `git tag`; fetch it if it is new.",
            field="revision",
        )
    name = f"The notebook {shown(path, 300)} of the revision {shown(revision)}"
    blob = f"{commit}:./{file}"
    size = _git(where, "cat-file", "-s", blob)
    if size.returncode != 0:
        raise NotebookNotFound(
            f"The revision {shown(revision)} ({commit[:12]}) of the repository {repository} has no file "
            f"{shown(path, 300)}.",
            hint="Commit the notebook, or name a revision that has it.",
            field="path",
        )
    if int(size.stdout) > MAX_BYTES:
        raise too_large(name)
    read = _git(where, "cat-file", "blob", blob)
    if read.returncode != 0:
        raise InvalidInput(f"{name} is no file: {_said(read)}.", field="path")
    return RevisionFile(read.stdout, commit)


def _git(where: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    env = {name: value for name, value in os.environ.items() if name not in _OWN_PLACES}
    env |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
    try:
        return subprocess.run(
            ["git", "-C", where, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            env=env,
            timeout=_TIMEOUT,
        )
    except FileNotFoundError as error:
        raise InvalidInput(
            "There is no `git` on this machine's PATH, which a notebook of a revision needs.",
            hint="Install git, or use source='latest'.",
            field="revision",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise InvalidInput(
            f"`git {arguments[0]}` did not answer within {_TIMEOUT:.0f} s in {where}.", field="revision"
        ) from error


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return lines[0][:300] if lines else f"git ended with code {done.returncode}"
