"""`make bench`: run the workloads, print them, and write their sections of docs/benchmarks.md."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks import big_table, graph_widget, notebooks, panels, scale, workloads
from benchmarks.harness import POSTGRESQL
from benchmarks.page import PAGE, where, written
from benchmarks.workloads import Row


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
    parser.add_argument("workloads", nargs="*", choices=[*WORKLOADS, []], help="default: all")
    parser.add_argument("--print-only", action="store_true", help="leave the page as it is")
    options = parser.parse_args()
    for name in options.workloads or list(WORKLOADS):
        rows: list[Row] = []
        home = Path(tempfile.mkdtemp(prefix="studio-bench-"))
        try:
            for row in WORKLOADS[name](home):
                rows.append(row)
                print("  ".join(row), flush=True)
        finally:
            shutil.rmtree(home, ignore_errors=True)
        if not options.print_only:
            PAGE.write_text(
                written(PAGE.read_text(encoding="utf-8"), {name: rows}, where()), encoding="utf-8"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
