"""`make bench`: run the workloads, print them, and write docs/benchmarks.md."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks import big_table, graph_widget, notebooks, panels, scale, workloads
from benchmarks.harness import POSTGRESQL
from benchmarks.workloads import Row

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
MARK = "<!-- written by `make bench` below this line -->\n"


def sqlite(home: Path) -> list[Row]:
    return asyncio.run(workloads.throughput(home, None, "SQLite"))


def postgresql(home: Path) -> list[Row]:
    url = urlsplit(POSTGRESQL)
    try:
        socket.create_connection((url.hostname or "127.0.0.1", url.port or 5432), timeout=2).close()
    except OSError:
        return [("W1–W3, PostgreSQL", "not measured", "no server at hand")]
    return asyncio.run(workloads.throughput(home, POSTGRESQL, "PostgreSQL"))


WORKLOADS: dict[str, Callable[[Path], list[Row]]] = {
    "sqlite": sqlite,
    "postgresql": postgresql,
    "notebooks": lambda home: asyncio.run(notebooks.notebooks(home)),
    "table": big_table.big_table,
    "idle": lambda home: asyncio.run(workloads.idle(home)),
    "history": lambda home: asyncio.run(scale.history(home)),
    "shapes": lambda home: asyncio.run(scale.shapes(home)),
    "imports": lambda home: workloads.imports(),
    "widget": graph_widget.graph_widget,
    "panels": panels.panels,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "workloads", nargs="*", choices=[*WORKLOADS, []], help="default: all, and write the page"
    )
    chosen = parser.parse_args().workloads or list(WORKLOADS)
    rows: list[Row] = []
    for name in chosen:
        home = Path(tempfile.mkdtemp(prefix="studio-bench-"))
        try:
            for row in WORKLOADS[name](home):
                rows.append(row)
                print("  ".join(row), flush=True)
        finally:
            shutil.rmtree(home, ignore_errors=True)
    if set(chosen) == set(WORKLOADS):
        write(rows)
    return 0


def write(rows: list[Row]) -> None:
    """Replace the measured part of the page; the words above the mark stay."""
    words = PAGE.read_text(encoding="utf-8").partition(MARK)[0] if PAGE.exists() else "# Benchmarks\n\n"
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("papermill", "sqlalchemy", "tornado", "ipykernel")
    )
    where = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    today = f"{datetime.now(timezone.utc):%Y-%m-%d}"
    lines = [
        f"Measured {today}, pipeline-studio {version('pipeline-studio')}, {where}, {packages}.",
        "",
        "| what | measured | against, in the same run |",
        "|---|---|---|",
        *(f"| {what} | {measured} | {against} |" for what, measured, against in rows),
    ]
    PAGE.write_text(words + MARK + "\n" + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"Written to {PAGE.name}.")


if __name__ == "__main__":
    sys.exit(main())
