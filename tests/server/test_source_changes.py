from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from studio.core.cells.generated import made_of
from studio.core.notebook_format import parse_notebook
from studio.server.source_changes import SourceDigests


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_file_differs_once_it_was_written_anew(tmp_path: Path) -> None:
    path, digests = tmp_path / "x.ipynb", SourceDigests()
    path.write_text("one")
    assert digests.differs(str(path), digest_of("one")) is False
    path.write_text("three")
    assert digests.differs(str(path), digest_of("one")) is True
    path.write_text("one")
    assert digests.differs(str(path), digest_of("one")) is False


def test_a_file_is_read_once_as_long_as_it_is_the_same(tmp_path: Path) -> None:
    path, digests = tmp_path / "x.ipynb", SourceDigests()
    path.write_text("one")
    before = path.stat()
    assert digests.differs(str(path), digest_of("one")) is False
    with path.open("r+") as file:
        file.write("two")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # as if nobody had written
    assert digests.differs(str(path), digest_of("one")) is False


def test_what_cannot_be_known_is_none(tmp_path: Path) -> None:
    digests = SourceDigests()
    os.mkfifo(tmp_path / "pipe")
    for path, digest in (
        (str(tmp_path / "missing"), "x"),
        (str(tmp_path / "pipe"), "x"),
        (str(tmp_path), "x"),
        ("relative", "x"),
        (None, "x"),
        (str(tmp_path), None),
        ("/a\0b", "x"),
    ):
        assert digests.differs(path, digest) is None


def test_of_a_marked_cell_only_what_its_task_runs_counts(tmp_path: Path) -> None:
    path, digests = tmp_path / "x.ipynb", SourceDigests()

    def write(*sources: str) -> None:
        cells = [{"cell_type": "code", "source": source, "metadata": {}} for source in sources]
        path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))

    write("%dag d", "%%task a\nx = 1", "%%task b\nprint(x)")
    ran = made_of(parse_notebook(path.read_bytes(), "x"), "a")
    assert ran is not None
    digest = hashlib.sha256(ran).hexdigest()
    assert digests.differs(str(path), digest, "a") is False
    write("%dag d", "# words", "%%task a --retries 2\nx = 1", "%%task b\nprint(x, x)")
    assert digests.differs(str(path), digest, "a") is False
    write("%dag d", "%%task a\nx = 2", "%%task b\nprint(x)")
    assert digests.differs(str(path), digest, "a") is True
    write("%dag d", "%%task b\nprint(1)")
    assert digests.differs(str(path), digest, "a") is True
