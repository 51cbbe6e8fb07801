"""The example notebooks as they are stored: people who open them on GitHub, or by nbconvert, see their graphs."""

from __future__ import annotations

import html
import re
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter

from studio.widgets.graph import MIME

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
EXAMPLES = [
    NOTEBOOKS / "01_flights.ipynb",
    NOTEBOOKS / "02_cells.ipynb",
    *sorted((NOTEBOOKS / "operators").glob("*.ipynb")),
]


@pytest.mark.parametrize("path", EXAMPLES, ids=[path.stem for path in EXAMPLES])
def test_graph_is_in_the_page(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    drawn = [
        output.data
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if MIME in output.get("data", {})
    ]
    page, _ = HTMLExporter().from_notebook_node(notebook)
    pictures = [
        html.unescape(alternative)
        for image in re.findall(r'<img [^>]*src="data:image/svg[^>]*>', page)
        for alternative in re.findall(r'alt="([^"]*)"', image)
    ]
    assert drawn
    for data in drawn:
        tasks = [task["id"] for task in data[MIME]["tasks"]]
        assert any(all(task in told for task in tasks) for told in pictures), (tasks, pictures)
