"""Notebooks to make DAGs of."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..client.conftest import settings

__all__ = ["settings"]

Write = Callable[..., Path]


def notebook_text(*sources: str, tags: dict[int, list[str]] | None = None) -> str:
    """The JSON of a notebook of code cells; `tags` by position of the cell."""
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "source": source,
            "metadata": {"tags": (tags or {}).get(index, [])},
            "outputs": [],
            "execution_count": None,
        }
        for index, source in enumerate(sources)
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 4})


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, as a kernel has it: two notebooks with a parameter `day`, one without any."""
    folder = tmp_path / "work"
    folder.mkdir()
    for name in ("extract", "report"):
        text = notebook_text("day = '2013-01-01'", "print(day)", tags={0: ["parameters"]})
        (folder / f"{name}.ipynb").write_text(text)
    (folder / "plain.ipynb").write_text(notebook_text("print(1)"))
    monkeypatch.chdir(folder)
    return folder
