"""What is measured. Each workload gives rows: what, measured, compared with what in the same run."""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import psutil

from benchmarks.harness import noop_task, shown, studio
from studio.client.client import Client
from studio.client.endpoint import Endpoint, ensure_server
from studio.client.transport import Transport
from studio.core.spec import CronSpec, DagSpec
from studio.settings import Settings

Row = tuple[str, str, str]
REPEATS = 5
IDLE_SECONDS = 30


def chain(dag_id: str, length: int) -> DagSpec:
    tasks = (noop_task(f"t{i}", *([f"t{i - 1}"] if i else [])) for i in range(length))
    return DagSpec(id=dag_id, tasks=tuple(tasks))


def fan(width: int) -> DagSpec:
    middle = [f"t{i}" for i in range(width)]
    tasks = (noop_task("first"), *(noop_task(task, "first") for task in middle), noop_task("last", *middle))
    return DagSpec(id="fan", tasks=tasks, max_active_tasks=width)


async def throughput(home: Path, database: str | None, name: str) -> list[Row]:
    """W1 chain of 50, W2 1 → 500 → 1, W3 20 DAGs × 10 runs × 10 tasks; no-op functions, two slots."""
    async with studio(home, database) as bench:
        many = [chain(f"many_{i}", 10) for i in range(20)]
        for spec in (chain("chain", 50), fan(500), *many):
            await bench.publish(spec)
        await bench.run(["chain"])  # the runners start
        hops = [await bench.run(["chain"]) / 50 for _ in range(REPEATS)]
        fans = [502 / await bench.run(["fan"]) for _ in range(REPEATS)]
        ids = [spec.id for spec in many]
        manies = [2000 / await bench.run(ids, 10) for _ in range(3)]
    return [
        (f"W1 chain of 50 no-op tasks, {name}: a hop", shown(statistics.median(hops) * 1000, "ms"), ""),
        (f"W2 1 → 500 → 1, {name}", shown(statistics.median(fans), "tasks/s"), ""),
        (f"W3 20 DAGs × 10 runs × 10 tasks, {name}", shown(statistics.median(manies), "tasks/s"), ""),
    ]


async def idle(home: Path) -> list[Row]:
    """W5: CPU and memory of a server process with 200 scheduled DAGs and nothing to do; and its start."""
    settings = Settings(home, f"sqlite:///{home}/studio.db", home / "dags", 2)
    os.environ["STUDIO_HOME"] = str(home)

    def client_of(endpoint: Endpoint) -> Client:
        return Client(Transport(endpoint, None))

    endpoint = await asyncio.to_thread(ensure_server, settings)
    with client_of(endpoint) as client:
        for i in range(200):
            spec = msgspec.structs.replace(chain(f"idle_{i}", 5), schedule=CronSpec("@yearly"))
            await asyncio.to_thread(client.publish_dag, spec)
        await asyncio.to_thread(client.stop_server)
    await _gone(endpoint.pid)
    begin = time.perf_counter()
    endpoint = await asyncio.to_thread(ensure_server, settings)
    ready = time.perf_counter() - begin
    process = psutil.Process(endpoint.pid)
    await asyncio.sleep(3)
    before = process.cpu_times()
    await asyncio.sleep(IDLE_SECONDS)
    after = process.cpu_times()
    busy = (after.user + after.system - before.user - before.system) / IDLE_SECONDS
    memory = process.memory_full_info().pss / 1e6
    with client_of(endpoint) as client:
        await asyncio.to_thread(client.stop_server)
    await _gone(endpoint.pid)
    return [
        ("start to ready, 200 DAGs in the database", shown(ready, "s"), ""),
        ("W5 idle server with 200 DAGs: CPU", f"{busy * 100:.2f} %", f"over {IDLE_SECONDS} s"),
        ("W5 idle server with 200 DAGs: memory (PSS)", shown(memory, "MB"), ""),
    ]


async def _gone(pid: int) -> None:
    if psutil.pid_exists(pid):
        await asyncio.to_thread(psutil.wait_procs, [psutil.Process(pid)], 30)


def imports() -> list[Row]:
    """W6: the import of the authoring package, as a whole interpreter less an empty one."""

    def seconds(code: str) -> float:
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return time.perf_counter() - begin

    codes = ("pass", "import studio", "from studio import DAG, notebook", "import papermill")
    rounds = [[seconds(code) for code in codes] for _ in range(REPEATS)]
    empty, package, authoring, papermill = (statistics.median(times) for times in zip(*rounds, strict=True))
    beside = f"import papermill: {shown((papermill - empty) * 1000, 'ms')}"
    return [
        ("W6 import studio", shown((package - empty) * 1000, "ms"), beside),
        ("W6 from studio import DAG, notebook", shown((authoring - empty) * 1000, "ms"), ""),
    ]
