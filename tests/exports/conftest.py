"""Notebooks as they are after a run, with outputs that mean harm."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PICTURE = b"\x89PNG\r\n\x1a\n of the author"
SECRET = b"not next to the notebook"

HOSTILE_HTML = (
    "<script>alert(document.cookie)</script><svg onload=\"fetch('https://evil.example/')\"></svg>"
    '<a href="javascript:alert(1)">here</a><img src="https://evil.example/pixel.png">'
)
HOSTILE_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(2)"><script>alert(3)</script><circle r="4"/></svg>'
)


def display(**forms: str) -> dict[str, Any]:
    """An output; `text_html` stands for text/html."""
    data = {name.replace("_", "/", 1): text for name, text in forms.items()}
    return {"output_type": "display_data", "metadata": {}, "data": data}


def notebook(*outputs: dict[str, Any], text: str = "# Flights", **metadata: Any) -> str:
    cells = [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": text},
        {
            "cell_type": "code", "id": "b", "metadata": {}, "source": "plot()", "execution_count": 1,
            "outputs": list(outputs),
        },
    ]  # fmt: skip
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes the output notebook of an attempt, in a directory of its own."""

    def write(content: str, name: str = "attempt") -> Path:
        path = tmp_path / name / "output.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
        return path

    return write
