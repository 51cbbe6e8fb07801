"""docs/benchmarks.md: words of people above a mark, below it a section for each workload, as measured last."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Final

from benchmarks.workloads import Row

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
MARK: Final = "<!-- written by `make bench` below this line -->\n"
#: Workload → what its section is called. The order is that of the page.
TITLES: Final = {
    "sqlite": "Scheduling on SQLite",
    "postgresql": "Scheduling on PostgreSQL",
    "notebooks": "Notebooks",
    "table": "A large table",
    "idle": "An idle server",
    "history": "Many finished runs",
    "shapes": "Large runs",
    "imports": "Importing",
    "widget": "The graph in a cell",
    "panels": "The views in a browser",
}


def written(text: str, measured: Mapping[str, Sequence[Row]], where: str) -> str:
    """`text`, the page, with the sections of what was measured; all others stay as they are."""
    words, _, old = text.partition(MARK)
    sections = dict(re.findall(r"^<!-- (\w+) -->\n(.*?)(?=^<!-- \w+ -->\n|\Z)", old, re.M | re.S))
    for name, rows in measured.items():
        lines = [
            f"## {TITLES[name]}",
            "",
            where,
            "",
            "| what | measured | against, in the same run |",
            "|---|---|---|",
            *(f"| {what} | {value} | {against} |" for what, value, against in rows),
        ]
        sections[name] = "\n".join(lines) + "\n\n"
    ordered = [f"<!-- {name} -->\n{sections[name]}" for name in TITLES if name in sections]
    return words + MARK + "\n" + "".join(ordered).rstrip("\n") + "\n"


def where() -> str:
    """When and on what was measured, as a sentence."""
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("papermill", "sqlalchemy", "tornado", "ipykernel")
    )
    return (
        f"Measured {datetime.now(timezone.utc):%Y-%m-%d}, pipeline-studio {version('pipeline-studio')}, "
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, {packages}."
    )
