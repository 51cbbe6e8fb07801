"""Files that are no notebooks (rows 41 to 47 of the bad inputs), where the server is asked about them and in `studio
notebook check`: refused with what is wrong, and nothing has changed. As tasks: `tests/faults/test_odd_notebooks.py`.
"""

from __future__ import annotations

import json
import os
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from studio.cli.notebooks import notebook as notebook_command
from studio.errors import StudioError
from studio.settings import Settings

from .conftest import Running

GOOD: dict[str, Any] = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
MAX_MESSAGE = 600  # characters
GIGABYTES = 5 << 30


def of(**changes: Any) -> bytes:
    return json.dumps({**GOOD, **changes}).encode()


#: name of the row: (content, code, what the message says)
CONTENTS: dict[str, tuple[bytes, str, str]] = {
    "43 empty": (b"", "not_a_notebook", "empty"),
    "43 blank": (b" \n\n", "not_a_notebook", "empty"),
    "43 truncated": (of()[:-9], "not_a_notebook", "line 1"),
    "43 Python": (b"import os\n", "not_a_notebook", "not JSON"),
    "43 binary": (b"\x89PNG\r\n\x1a\n", "not_a_notebook", "UTF-8"),
    "43 nested": (b"[" * 100_000, "not_a_notebook", "not JSON"),
    "44 a list": (b"[]", "invalid_notebook", "JSON object"),
    "44 cells are a number": (of(cells=5), "invalid_notebook", "`cells` are not a list"),
    "44 no cells": (b'{"metadata": {}, "nbformat": 4, "nbformat_minor": 5}', "invalid_notebook", "cells"),
    "44 cells of text": (of(cells=["1"]), "invalid_notebook", "cell 0"),
    "44 no source": (of(cells=[{"cell_type": "code", "metadata": {}}]), "invalid_notebook", "cell 0"),
    "44 metadata": (of(metadata=[]), "invalid_notebook", "metadata"),
    "45 format 3": (of(nbformat=3), "invalid_notebook", "format 3"),
    "45 format 5": (of(nbformat=5), "invalid_notebook", "not 4"),
    "45 no format": (b'{"cells": [], "metadata": {}}', "invalid_notebook", "format"),
    "45 format in words": (of(nbformat="4"), "invalid_notebook", "not 4"),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "notebooks"
    folder.mkdir()
    return folder


@pytest.fixture
def settings(settings: Settings, root: Path) -> Settings:
    return replace(settings, notebook_root=root)


async def refused(studio: Running, path: str) -> tuple[int, dict[str, Any]]:
    """Status and error of asking about `path`; nothing has changed."""
    answer = await studio.http.post("/api/notebooks/inspect", json={"path": path})
    assert answer.status_code in (400, 403, 404, 413), (answer.status_code, answer.text)
    error = dict(answer.json()["error"])
    assert len(error["message"]) < MAX_MESSAGE and "Traceback" not in answer.text
    assert (await studio.http.get("/api/dags")).json()["dags"] == []
    return answer.status_code, error


def check_by_command(path: Path) -> StudioError:
    """What `studio notebook check` is ended by: its `main` prints it and exits with 2."""
    result = CliRunner().invoke(notebook_command, ["check", str(path)])
    assert isinstance(result.exception, StudioError), result.exception
    return result.exception


@pytest.mark.parametrize("row", CONTENTS)
async def test_content_that_is_no_notebook(studio: Running, root: Path, row: str) -> None:
    content, code, said = CONTENTS[row]
    (root / "bad.ipynb").write_bytes(content)
    status, error = await refused(studio, "bad.ipynb")
    assert (status, error["code"]) == (400, code)
    assert said in error["message"] and "bad.ipynb" in error["message"]
    by_command = check_by_command(root / "bad.ipynb")
    assert (by_command.code, said in str(by_command)) == (code, True)


async def test_row_41_missing_notebook(studio: Running, root: Path) -> None:
    for path in ("absent.ipynb", "no/such/folder/x.ipynb"):
        status, error = await refused(studio, path)
        assert (status, error["code"]) == (400, "notebook_not_found")
        assert str(root / path) in error["message"]
    assert check_by_command(root / "absent.ipynb").code == "notebook_not_found"


async def test_row_42_path_outside_of_the_root(studio: Running, root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.ipynb").write_bytes(of())
    (root / "link.ipynb").symlink_to(tmp_path / "secret.ipynb")
    (root / "folder").symlink_to("/etc")
    outside = (
        "/etc/passwd",
        "../secret.ipynb",
        "a/../../secret.ipynb",
        "link.ipynb",
        "folder/passwd",
        "~/x.ipynb",
    )
    for path in outside:
        status, error = await refused(studio, path)
        assert (path, status, error["code"]) == (path, 403, "outside_root")


async def test_row_42_path_that_is_none(studio: Running, root: Path) -> None:
    (root / "loop").symlink_to("loop")
    for path in ("", " ", "nul\0.ipynb", "x" * 5000, "loop/x.ipynb", "y" * 300 + ".ipynb"):
        _, error = await refused(studio, path)
        assert error["code"] in ("invalid_input", "notebook_not_found"), (path, error)


@pytest.fixture
def unreadables(root: Path) -> Iterator[dict[str, str]]:
    """Row 47: what is no file, by name; and a word that its error says."""
    (root / "folder.ipynb").mkdir()
    os.mkfifo(root / "pipe.ipynb")
    (root / "device.ipynb").symlink_to("/dev/zero")
    with (root / "huge.ipynb").open("wb") as huge:
        huge.truncate(GIGABYTES)
    with socket.socket(socket.AF_UNIX) as listening, tempfile.TemporaryDirectory() as short:
        listening.bind(f"{short}/s")
        os.rename(f"{short}/s", root / "socket.ipynb")
        yield {
            "folder.ipynb": "directory",
            "pipe.ipynb": "pipe",
            "socket.ipynb": "socket",
            "huge.ipynb": "64 MB",
        }


async def test_row_47_what_is_no_file_is_refused_and_never_waited_for(
    studio: Running, root: Path, unreadables: dict[str, str]
) -> None:
    for name, said in unreadables.items():
        status, error = await refused(studio, name)
        code = "too_large" if name == "huge.ipynb" else "not_a_regular_file"
        assert (name, status, error["code"]) == (name, 400, code)
        assert said in error["message"]
        assert check_by_command(root / name).code == code
    assert check_by_command(root / "device.ipynb").code == "not_a_regular_file"


async def test_row_46_unknown_kernel_is_told_before_anything_runs(studio: Running, root: Path) -> None:
    (root / "odd.ipynb").write_bytes(of(metadata={"kernelspec": {"name": "pyhton3", "display_name": "P"}}))
    answer = await studio.http.post("/api/notebooks/inspect", json={"path": "odd.ipynb"})
    assert answer.status_code == 200
    [warning] = [each for each in answer.json()["warnings"] if "pyhton3" in each]
    assert "python3" in warning
