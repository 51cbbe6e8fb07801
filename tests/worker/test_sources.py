from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from studio.errors import (
    InvalidInput,
    InvalidNotebook,
    NotANotebook,
    NotARegularFile,
    NotebookNotFound,
    RevisionNotFound,
    TooLarge,
)
from studio.worker.notebook_source import read_source


def notebook_bytes(source: str) -> bytes:
    cell: dict[str, Any] = {
        "cell_type": "code",
        "source": source,
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}).encode()


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A notebook that was never published, in a folder of its own."""
    path = tmp_path / "project" / "reports" / "daily.ipynb"
    path.parent.mkdir(parents=True)
    path.write_bytes(notebook_bytes("first"))
    return path


@pytest.fixture
def directory(tmp_path: Path) -> str:
    (tmp_path / "attempt").mkdir()
    return str(tmp_path / "attempt")


def git(path: Path, *arguments: str) -> str:
    config = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "init.defaultBranch=main"]
    run = subprocess.run(["git", *config, *arguments], cwd=path, check=True, capture_output=True, text=True)
    return run.stdout.strip()


@pytest.fixture
def commits(path: Path) -> list[str]:
    """The notebook as "first" and "second" in two commits, the first one tagged; as "third" in the file."""
    top, found = path.parents[1], []
    git(top, "init")
    for source in ("first", "second"):
        path.write_bytes(notebook_bytes(source))
        git(top, "add", ".")
        git(top, "commit", "-m", source)
        found.append(git(top, "rev-parse", "HEAD"))
    git(top, "tag", "v1", found[0])
    path.write_bytes(notebook_bytes("third"))
    return found


def test_a_snapshot_is_what_was_published(path: Path, directory: str, tmp_path: Path) -> None:
    stored = tmp_path / "stored.ipynb"
    stored.write_bytes(notebook_bytes("published"))
    digest = digest_of(notebook_bytes("published"))
    found = read_source({"path": str(path), "content": str(stored), "digest": digest}, directory)
    assert found.path == str(stored)
    assert found.notebook["cells"][0]["source"] == "published"
    assert found.record == {
        "mode": "snapshot",
        "path": str(path),
        "digest": digest,
        "revision": None,
        "dirty": None,
    }
    stored.write_bytes(notebook_bytes("changed"))
    with pytest.raises(InvalidInput, match="does not have the hash"):
        read_source({"path": str(path), "content": str(stored), "digest": digest}, directory)


def test_the_latest_is_copied_so_that_it_cannot_change_any_more(path: Path, directory: str) -> None:
    found = read_source({"path": str(path), "source": "latest"}, directory)
    path.write_bytes(notebook_bytes("later"))
    assert found.path == os.path.join(directory, "source.ipynb")
    assert Path(found.path).read_bytes() == notebook_bytes("first")
    assert found.record["digest"] == digest_of(notebook_bytes("first"))
    assert (found.record["mode"], found.record["path"]) == ("latest", str(path))


@pytest.mark.parametrize(("revision", "index"), [("v1", 0), ("HEAD~1", 0), ("main", 1), ("HEAD", 1)])
def test_a_revision_is_read_and_resolved_to_its_commit(
    path: Path, directory: str, commits: list[str], revision: str, index: int
) -> None:
    found = read_source({"path": str(path), "source": "git", "revision": revision}, directory)
    content = notebook_bytes(["first", "second"][index])
    assert Path(found.path).read_bytes() == content
    assert found.record == {
        "mode": "git",
        "path": str(path),
        "digest": digest_of(content),
        "revision": commits[index],
        "dirty": True,
    }


def test_a_revision_is_found_though_the_file_and_its_folder_are_gone(
    path: Path, directory: str, commits: list[str]
) -> None:
    path.unlink()
    path.parent.rmdir()
    found = read_source({"path": str(path), "source": "git", "revision": commits[0]}, directory)
    assert found.notebook["cells"][0]["source"] == "first"
    assert found.record["dirty"] is None


def test_another_repository_of_the_environment_is_not_asked(
    path: Path, directory: str, commits: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    found = read_source({"path": str(path), "source": "git", "revision": "v1"}, directory)
    assert found.record["revision"] == commits[0]


def test_an_unknown_revision_names_repository_and_file(
    path: Path, directory: str, commits: list[str]
) -> None:
    with pytest.raises(RevisionNotFound) as caught:
        read_source({"path": str(path), "source": "git", "revision": "mian"}, directory)
    assert f"The repository {path.parents[1]} has no revision 'mian'" in caught.value.message
    assert str(path) in caught.value.message


def test_a_file_that_the_revision_does_not_have_is_named(
    path: Path, directory: str, commits: list[str]
) -> None:
    new = path.with_name("new.ipynb")
    new.write_bytes(notebook_bytes("new"))
    with pytest.raises(
        NotebookNotFound, match=r"The revision 'v1' \(.{12}\) of the repository .* has no file"
    ):
        read_source({"path": str(new), "source": "git", "revision": "v1"}, directory)


def test_a_file_in_no_repository_is_told(path: Path, directory: str) -> None:
    with pytest.raises(InvalidInput, match="is in no git repository"):
        read_source({"path": str(path), "source": "git", "revision": "main"}, directory)


@pytest.mark.parametrize(
    "revision", ["--output=/tmp/x", "-h", "", "a b", "a:b", "a..b", "^main", "x\n", "a\0", "é", 5, "a" * 251]
)
def test_a_revision_cannot_be_an_option_or_a_path(
    path: Path, directory: str, commits: list[str], revision: Any
) -> None:
    with pytest.raises(InvalidInput, match="cannot name a git revision"):
        read_source({"path": str(path), "source": "git", "revision": revision}, directory)


def test_an_unknown_mode_is_refused(path: Path, directory: str) -> None:
    with pytest.raises(InvalidInput, match="is 'newest', which there is not"):
        read_source({"path": str(path), "source": "newest"}, directory)


def test_what_is_no_file_is_refused_at_once(path: Path, directory: str) -> None:
    pipe = path.with_name("pipe.ipynb")
    os.mkfifo(pipe)
    for wrong, kind in ((pipe, "a pipe"), (path.parent, "a directory"), (Path("/dev/zero"), "a device")):
        with pytest.raises(NotARegularFile, match=f"is {kind}, not a file"):
            read_source({"path": str(wrong), "source": "latest"}, directory)
    large = path.with_name("large.ipynb")
    with large.open("wb") as file:
        file.truncate(5 << 30)
    with pytest.raises(TooLarge, match="more than 64 MB"):
        read_source({"path": str(large), "source": "latest"}, directory)
    with pytest.raises(NotebookNotFound):
        read_source({"path": str(path / "x.ipynb"), "source": "latest"}, directory)


@pytest.mark.parametrize(
    ("content", "kind", "said"),
    [
        (b"", NotANotebook, "the file is empty"),
        (b'{"cells": [', NotANotebook, "it is not JSON .*line 1 column"),
        (b"\xff\xfe{", NotANotebook, "it is not UTF-8"),
        (b"[" * 200_000, NotANotebook, "it is not JSON"),
        (
            b'{"cells": 5, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}',
            InvalidNotebook,
            "`cells` are not a list",
        ),
        (b'{"nbformat": 3}', InvalidNotebook, "old notebook format 3; open it in JupyterLab"),
        (b'{"nbformat": 5}', InvalidNotebook, "its notebook format is 5, not 4"),
        (b"{}", InvalidNotebook, "its notebook format is None, not 4"),
        (
            b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": {"name": "\\ud800"}}, "cells": []}',
            InvalidNotebook,
            "`metadata.kernelspec.name` is not text",
        ),
    ],
)
def test_what_is_no_notebook_is_told_apart(
    path: Path, directory: str, content: bytes, kind: type[Exception], said: str
) -> None:
    path.write_bytes(content)
    with pytest.raises(kind, match=said):
        read_source({"path": str(path), "source": "latest"}, directory)
    assert not Path(directory, "source.ipynb").exists()


def test_a_notebook_of_a_revision_runs_with_checked_parameters(
    attempt: Any, path: Path, commits: list[str]
) -> None:
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "source": "n: int = 1\nday = 1",
            "metadata": {"tags": ["parameters"]},
            "outputs": [],
            "execution_count": None,
        }
    ]
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))
    git(path.parent, "commit", "-am", "typed")
    path.unlink()
    config = {"path": str(path), "source": "git", "revision": "main"}
    attempt.run("notebook", {**config, "parameters": {"n": 2, "day": "x"}})
    assert attempt.result.state == "success", attempt.result.error
    assert attempt.result.details["source"]["revision"] == git(path.parent, "rev-parse", "HEAD")
    assert "The parameter 'day' is 'x'" in attempt.result.details["warnings"][0]
    attempt.run("notebook", {**config, "parameters": {"n": "a{{ 1 }}"}})
    assert "The parameter 'n' of the notebook daily.ipynb is 'a1', but it must be" in attempt.result.error
    assert "One expression" in attempt.result.error
