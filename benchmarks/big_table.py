"""A table of a million rows through four tasks, notebook → function → SQL → notebook, beside plain parquet."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import nbformat
import pandas as pd
import psutil
from nbformat.v4 import new_code_cell, new_notebook

from benchmarks.harness import POSTGRESQL, shown
from benchmarks.workloads import Row
from studio import DAG, notebook, sql, task
from studio.api.models import TaskDetail
from studio.client import Client
from studio.client.endpoint import ensure_server
from studio.client.transport import Transport
from studio.settings import Settings

ROWS: Final = 1_000_000
HANDOVERS: Final = 3

MAKE: Final = f"""
import numpy as np
import pandas as pd
import studio

key = np.arange({ROWS})
flights = pd.DataFrame(
    {{
        "n": key * 3,
        "x": key / 7,
        "origin": pd.Series(["EWR", "JFK", "LGA", "Zürich"]).take(key % 4).to_numpy(),
        "at": pd.Timestamp("2013-01-01", tz="UTC") + pd.to_timedelta(key, unit="s"),
        "is_late": key % 3 == 0,
        "delay": pd.array(np.where(key % 5, key, -1), dtype="Int64"),
    }},
    index=pd.RangeIndex({ROWS}, name="key"),
)
flights.loc[::10, "delay"] = pd.NA
studio.exit(value=flights)
"""

CHECK: Final = """
import pandas as pd
import studio

studio.exit(value={
    "rows": len(flights),
    "index": [flights.index.name, int(flights.index[0]), int(flights.index[-1]), flights.index.is_unique],
    "types": {name: str(kind) for name, kind in flights.dtypes.items()},
    "sums": [int(flights.n.sum()), int(flights.delay.sum()), int(flights.is_late.sum())],
    "missing": int(flights.delay.isna().sum()),
    "last": [str(flights["at"].iloc[-1]), flights["origin"].iloc[-1]],
})
"""

SELECT: Final = "SELECT key, n, x, origin, at, is_late, delay FROM given ORDER BY key"


@dataclass(frozen=True)
class Passed:
    """What came of one run."""

    checked: dict[str, object]  # what the last notebook says of the table that arrived
    seconds: dict[str, float]  # by task
    server: tuple[float, float]  # megabytes (PSS) before and after
    size: int  # bytes of one table as it is kept


def pipeline(folder: Path, url: str) -> DAG:
    """The DAG, with its notebooks in `folder`."""
    for name, source, tags in (("make", MAKE, []), ("check", CHECK, ["parameters"])):
        cells = [new_code_cell(source)]
        if tags:
            cells.insert(0, new_code_cell("flights = None", metadata={"tags": tags}))
        nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": _KERNEL}), folder / f"{name}.ipynb")

    @task
    def later(flights):  # type: ignore[no-untyped-def]
        return flights.assign(n=flights["n"] + 1)

    with DAG("big_table") as dag:
        made = notebook(folder / "make.ipynb")
        changed = later(made.output)
        selected = sql(SELECT, url=url, tables={"given": changed.output}, index="key", task_id="select")
        notebook(folder / "check.ipynb", parameters={"flights": selected.output})
    return dag


_KERNEL: Final = {"name": "python3", "display_name": "Python 3", "language": "python"}


def passed(client: Client, server: int, dag: DAG) -> Passed:
    """Run it once to warm up, and once to measure."""
    snapshot = dag.snapshot()
    client.publish_dag(snapshot.spec, snapshot.sources.values())
    _run(client)
    before = _pss(server)
    details = _run(client)
    last = details["check"].attempts[-1]
    assert isinstance(last.value, dict)
    seconds = {name: _seconds(detail) for name, detail in details.items()}
    kept = details["make"].attempts[-1].value
    assert isinstance(kept, dict)
    return Passed(last.value, seconds, (before, _pss(server)), int(kept["size"]))


def plain_parquet(folder: Path) -> tuple[float, float]:
    """Seconds to write and to read such a table."""
    names: dict[str, pd.DataFrame] = {}
    exec(MAKE.replace("studio.exit(value=flights)", ""), names)
    path = folder / "plain.parquet"
    write = _timed(lambda: names["flights"].to_parquet(path))
    return write, _timed(lambda: pd.read_parquet(path))


def big_table(home: Path) -> list[Row]:
    """As rows of the page."""
    settings = Settings(home, f"sqlite:///{home}/studio.db", home / "dags", slots=2)
    os.environ["STUDIO_HOME"] = str(home)
    endpoint = ensure_server(settings)
    with Client(Transport(endpoint, None)) as client:
        found = passed(client, endpoint.pid, pipeline(home, POSTGRESQL))
        psutil.Process(endpoint.pid).terminate()
    write, read = plain_parquet(home)
    total, files = sum(found.seconds.values()), HANDOVERS * (write + read)
    before, after = found.server
    beside = f"{HANDOVERS} × plain parquet, written and read: {shown(files, 's')}"
    plain = f"{shown(write, 's')}, {shown(read, 's')}"
    return [
        ("a table of 1,000,000 rows through 4 tasks", shown(total, "s"), beside),
        *((f"of these, the task {name}", shown(seconds, "s"), "") for name, seconds in found.seconds.items()),
        ("the same table as parquet: write, read", plain, f"{found.size / 1e6:.0f} MB"),
        ("memory of the server (PSS) before and after", f"{before:.1f} MB, {after:.1f} MB", ""),
    ]


def _run(client: Client) -> dict[str, TaskDetail]:
    run_id = client.trigger_run("big_table").run.run_id
    run = client.wait_for_run("big_table", run_id, timeout=600)
    details = {each.task_id: client.get_task("big_table", run_id, each.task_id) for each in run.tasks}
    for name, detail in details.items():
        assert detail.task.state.value == "success", (name, detail.attempts[-1].error)
    return details


def _seconds(detail: TaskDetail) -> float:
    attempt = detail.attempts[-1]
    assert attempt.started_at is not None and attempt.ended_at is not None
    return (attempt.ended_at - attempt.started_at).total_seconds()


def _pss(pid: int) -> float:
    return float(psutil.Process(pid).memory_full_info().pss) / 1e6


def _timed(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin
