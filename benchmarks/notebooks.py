"""Notebook tasks, from the trigger to the outcome in the database, against papermill: its command, and its function in
a process that has it imported. All in one run and in turn; what counts are the ratios, beside the targets for them."""

from __future__ import annotations

import asyncio
import hashlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import nbformat

from benchmarks.harness import Bench, shown, studio
from benchmarks.idle_kernels import idle_kernels
from benchmarks.workloads import Row
from studio.core.spec import DagSpec, TaskSpec

ROUNDS: Final = int(os.environ.get("STUDIO_BENCH_ROUNDS", "5"))
CHEAP: Final = 5  # of ours in a round: they cost a fraction of the others
ATTEMPTS: Final = 3  # of papermill
TAIL: Final = 200  # runs for the 99th percentile
SUSTAINED: Final = 120  # notebooks in one run
WARM_UP: Final = 20.0  # seconds for the fork server of the first notebook
PRELOAD: Final = 8.0  # seconds for the one after it, which has the libraries that the notebooks import

KINDS: Final = {
    "a": ("1 trivial cell", ["1 + 1"]),
    "b": ("20 trivial cells", [f"x{i} = {i}" for i in range(20)]),
    "c": (
        "pandas and a plot",
        [
            "import pandas as pd, matplotlib.pyplot as plt",
            "frame = pd.DataFrame({'x': range(100)})",
            "frame.describe()",
            "frame.plot()",
        ],
    ),
    "d": ("200 cells", [f"x{i} = {i}" for i in range(200)]),
}
#: At most this part of the papermill command's time.
TARGETS: Final = {"a": 1 / 40, "b": 1 / 20, "c": 1 / 16, "d": 1 / 18}

Timed = Callable[[], Awaitable[float]]
Run = Callable[[Path, str], Awaitable[float]]

_WARM_PROCESS: Final = """
import sys
import papermill
print("ready", flush=True)
for line in sys.stdin:
    source, target = line.rstrip("\\n").split("\\t")
    try:
        papermill.execute_notebook(source, target, progress_bar=False)
    except Exception:
        print("failed", flush=True)
    else:
        print("done", flush=True)
"""


async def notebooks(home: Path) -> list[Row]:
    """All rows of notebooks; about five minutes."""
    rows, ratios = [], {}
    forked, servers, plain = await idle_kernels(home)
    papermill = Papermill()
    async with studio(home) as bench, papermill.warm() as first, papermill.warm() as second:
        paths = {kind: home / f"{kind}.ipynb" for kind in KINDS}
        for kind, (_, cells) in KINDS.items():
            content = notebook_file(paths[kind], cells)
            await bench.publish(DagSpec(id=kind, tasks=(notebook_task(bench, paths[kind], content),)))
        for count in (10, SUSTAINED):
            await bench.publish(many(bench, paths["a"], count))
        ours = Ours(bench)
        rows.append(("notebooks: kernel of a run, warmed up", await warm_up(bench), ""))
        for kind, (what, _) in KINDS.items():
            path = paths[kind]
            command, warm, own = await in_turn(
                (partial(papermill.command, path), 1),
                (partial(first, path, ""), 1),
                (ours.run(kind), CHEAP),
            )
            ratios[kind] = own / command
            rows.append(against(f"notebook {kind}, {what}", own, command, warm))
        tail = [await ours.run("a")() for _ in range(TAIL)]
        command, warm, own = await in_turn(
            (partial(two_at_once, paths["a"], papermill.command, papermill.command), 1),
            (partial(two_at_once, paths["a"], first, second), 1),
            (ours.run("many10"), CHEAP),
        )
        rows.append(against("W4 10 trivial notebooks, 2 at once", own, command, warm))
        rate = SUSTAINED / statistics.median([await bench.run([f"many{SUSTAINED}"]) for _ in range(3)])
    rows += tail_rows(tail)
    rows.append(("runs of ours that had to spawn their kernel", f"{ours.spawned} of {ours.runs}", ""))
    rows.append(("notebooks that plain papermill failed on", str(papermill.failures), "they were run again"))
    rows.append((f"{SUSTAINED} trivial notebooks over 2 slots", shown(rate, "notebooks/s"), ""))
    for kind, target in TARGETS.items():
        rows.append(_ratio_row(f"notebook {kind}", ratios[kind], target, "of the papermill command"))
    p99, median = _p99(tail), statistics.median(tail)
    rows.append(_row("p99 of notebook a ≤ 2 × its median", f"{p99 / median:.2f} ×", p99 <= 2 * median))
    rows.append(_row("W4 ≤ 0.4 s", shown(own, "s"), own <= 0.4))
    rows.append(_row("≥ 30 notebooks/s sustained, 2 slots", shown(rate, "notebooks/s"), rate >= 30))
    rows.append(
        (
            "ten idle forked kernels: memory (PSS)",
            f"{shown(forked, 'MB')}, and their fork server {shown(servers, 'MB')}",
            f"ten plain ipykernels: {shown(plain, 'MB')}",
        )
    )
    rows.append(_ratio_row("memory of ten idle kernels", (forked + servers) / plain, 1 / 3, "of plain ones"))
    return rows


# --- what runs --------------------------------------------------------------------------------------------------


def notebook_file(path: Path, cells: list[str]) -> bytes:
    notebook = nbformat.v4.new_notebook(  # type: ignore[no-untyped-call]
        cells=[nbformat.v4.new_code_cell(source) for source in cells],  # type: ignore[no-untyped-call]
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    path.write_text(nbformat.writes(notebook), encoding="utf-8")  # type: ignore[no-untyped-call]
    return path.read_bytes()


def notebook_task(bench: Bench, path: Path, content: bytes, task_id: str = "nb") -> TaskSpec:
    digest = hashlib.sha256(content).hexdigest()
    bench.artifacts.put_source(digest, content)
    config = {"path": str(path), "digest": digest, "cwd": str(path.parent), "parameters": {}}
    return TaskSpec(id=task_id, kind="notebook", config=config)


def many(bench: Bench, path: Path, count: int) -> DagSpec:
    tasks = tuple(notebook_task(bench, path, path.read_bytes(), f"nb{i}") for i in range(count))
    return DagSpec(id=f"many{count}", tasks=tasks, max_active_tasks=count)


@dataclass
class Ours:
    """Runs of the studio. A change of the environment, such as an installation, makes it spawn a kernel meanwhile."""

    bench: Bench
    runs: int = 0
    spawned: int = 0

    def run(self, dag_id: str) -> Timed:
        async def run() -> float:
            seconds = await self.bench.run([dag_id])
            self.runs += 1
            self.spawned += (await self.bench.details()).get("kernel") != "forked"
            return seconds

        return run


async def warm_up(bench: Bench) -> str:
    """Run everything until kernels are forked, with the libraries of the notebooks; how the last one was started."""
    began = time.perf_counter()
    while True:
        for kind in KINDS:
            await bench.run([kind])
        kernel = str((await bench.details()).get("kernel", "not told"))
        if kernel == "forked" or time.perf_counter() - began > WARM_UP:
            break
    await asyncio.sleep(PRELOAD)
    for kind in KINDS:
        await bench.run([kind])
    return str((await bench.details()).get("kernel", "not told"))


@dataclass
class Papermill:
    """Plain papermill. Now and then a kernel of it does not come up (jupyter_client#487): then it is run again."""

    failures: int = 0

    async def command(self, path: Path, number: str = "") -> float:
        """Seconds of the `papermill` command on the notebook."""
        target = path.with_suffix(f".out{number}.ipynb")

        async def run() -> bool:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "papermill", "--no-progress-bar", str(path), str(target),
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            return await process.wait() == 0

        return await self._timed(run)

    @asynccontextmanager
    async def warm(self) -> AsyncIterator[Run]:
        """A process with papermill imported; gives what runs a notebook in it and says how many seconds that took."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _WARM_PROCESS,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        given, said = process.stdin, process.stdout

        async def run(path: Path, number: str = "") -> float:
            async def once() -> bool:
                given.write(f"{path}\t{path.with_suffix(f'.warm{number}.ipynb')}\n".encode())
                answer = await said.readline()
                if not answer:
                    raise RuntimeError(f"The process that ran {path} by papermill has died.")
                return answer == b"done\n"

            return await self._timed(once)

        try:
            if await said.readline() != b"ready\n":
                raise RuntimeError("papermill cannot be imported.")
            yield run
        finally:
            given.close()
            await process.wait()

    async def _timed(self, run: Callable[[], Awaitable[bool]]) -> float:
        """The time of a run that succeeded."""
        for _ in range(ATTEMPTS):
            begin = time.perf_counter()
            if await run():
                return time.perf_counter() - begin
            self.failures += 1
        raise RuntimeError(f"papermill failed {ATTEMPTS} times in a row.")


async def two_at_once(path: Path, *runs: Run) -> float:
    """Seconds for ten runs of the notebook, by as many at a time as there are `runs`."""
    waiting = [str(number) for number in range(10)]

    async def work(run: Run) -> None:
        while waiting:
            await run(path, waiting.pop())

    begin = time.perf_counter()
    await asyncio.gather(*map(work, runs))
    return time.perf_counter() - begin


async def in_turn(*what: tuple[Timed, int]) -> list[float]:
    """The median seconds of each, over `ROUNDS` rounds in which each is run as many times as it says."""
    for run, _ in what:
        await run()
    times: list[list[float]] = [[] for _ in what]
    for _ in range(ROUNDS):
        for found, (run, count) in zip(times, what, strict=True):
            found += [await run() for _ in range(count)]
    return [statistics.median(found) for found in times]


# --- what is told -----------------------------------------------------------------------------------------------


def against(what: str, own: float, command: float, warm: float) -> Row:
    return (
        what,
        shown(own * 1000, "ms"),
        f"1/{command / own:.1f} of the papermill command ({shown(command, 's')}), "
        f"1/{warm / own:.1f} of papermill in a warm process ({shown(warm, 's')})",
    )


def tail_rows(times: Sequence[float]) -> list[Row]:
    median, p99 = (shown(value * 1000, "ms") for value in (statistics.median(times), _p99(times)))
    return [
        (f"notebook a, {len(times)} runs: p99", p99, f"median {median}, max {shown(max(times) * 1000, 'ms')}")
    ]


def _p99(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=100)[98]


def _ratio_row(what: str, ratio: float, target: float, of: str) -> Row:
    return _row(f"{what} ≤ 1/{1 / target:.0f} {of}", f"1/{1 / ratio:.1f}", ratio <= target)


def _row(target: str, measured: str, does_hold: bool) -> Row:
    return (f"target: {target}", measured, "holds" if does_hold else "does not hold")
