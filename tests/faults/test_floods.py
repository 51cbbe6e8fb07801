"""Notebooks that say far too much (rows 43 and 44): whoever runs, serves or watches them stays as small as before."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import psutil
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from studio.api.routes import STREAM_PATH

from .conftest import Faults, Running, eventually

MB = 1_000_000
SERVER_GROWTH = 20 * MB
SUPERVISOR = 100 * MB

BYTES = (
    "import sys\nfor _ in range(300):\n    sys.stdout.write(('x' * 99 + '\\n') * 10_000)\nprint('the end')"
)
LINES = "for number in range(300_000):\n    print('line', number)\nprint('the end')"
DISPLAYS = (
    "import time\nbegun = time.monotonic()\nfor number in range(3000):\n"
    "    display({'text/html': f'<b>{number}</b>', 'text/plain': str(number)}, raw=True)\n"
    "    time.sleep(max(0, begun + number / 1000 - time.monotonic()))"
)


class Watcher:
    """A client of the stream in a thread: when which message about the task has come."""

    def __init__(self, socket: ClientConnection, topic: str) -> None:
        self.topic = topic
        self.came: dict[str, list[float]] = {"output": [], "log": []}
        self.largest = 0
        self.texts: list[str] = []
        self.ended = threading.Event()
        self._socket = socket
        socket.send(json.dumps({"type": "subscribe", "outputs": [topic], "logs": [topic]}))
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def join(self) -> None:
        self._thread.join()

    def _listen(self) -> None:
        try:
            for data in self._socket:
                now = time.monotonic()
                self.largest = max(self.largest, len(data))
                for message in json.loads(data):
                    self._heard(message, now)
        except ConnectionClosed:
            pass

    def _heard(self, message: dict[str, Any], now: float) -> None:
        if message.get("topic") == self.topic:
            self.came[message["type"]].append(now)
        if message["type"] == "log":
            self.texts += [record["text"] for record in message["records"]]
            if message["ended"]:
                self.ended.set()

    def most_in_a_second(self, kind: str) -> int:
        times = self.came[kind]
        return max((sum(start <= at < start + 1 for at in times) for start in times), default=0)


class Sizes:
    """The resident memory of processes: at the begin, and the most while this is open."""

    def __init__(self, *processes: psutil.Process) -> None:
        self._processes = processes
        self.begin = self._now()
        self.most = self.begin
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Sizes:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _now(self) -> list[int]:
        return [process.memory_info().rss for process in self._processes]

    def _look(self) -> None:
        while not self._stop.wait(0.02):
            self.most = [max(pair) for pair in zip(self.most, self._now(), strict=True)]

    @property
    def growth(self) -> list[int]:
        return [most - begin for most, begin in zip(self.most, self.begin, strict=True)]


@contextmanager
def _watched(faults: Faults, running: Running, watchers: int) -> Iterator[list[Watcher]]:
    endpoint = faults.studio.endpoint
    assert endpoint is not None
    url = "ws" + endpoint.url.removeprefix("http") + STREAM_PATH
    headers = {"Authorization": f"token {endpoint.token}"}
    made = []
    with ExitStack() as stack:
        for _ in range(watchers):
            socket = connect(url, additional_headers=headers, max_size=None, proxy=None)
            made.append(Watcher(stack.enter_context(socket), f"{running.dag_id}/{running.run_id}/nb/-1"))
        yield made
    for watcher in made:
        watcher.join()


@pytest.fixture(scope="module")
def processes(faults: Faults) -> tuple[psutil.Process, psutil.Process]:
    """Server and supervisor, once they have done all of this on a small scale."""
    for _ in range(3):
        running = faults.begin(TINY, DISPLAYS.replace("3000", "300"))
        with _watched(faults, running, 3):
            assert running.finish() == "success"
            faults.client.get_output(running.dag_id, running.run_id, "nb")
            faults.client.get_log(running.dag_id, running.run_id, "nb")
    assert faults.studio.endpoint is not None and faults.studio.endpoint.pid is not None
    [supervisor] = faults.processes("studio.worker")
    return psutil.Process(faults.studio.endpoint.pid), supervisor


TINY = LINES.replace("300_000", "20_000")


@pytest.mark.parametrize(
    ("source", "is_truncated"),
    [(BYTES, True), (LINES, True), (DISPLAYS, False)],
    ids=["bytes", "lines", "displays"],
)
def test_a_flood_leaves_everybody_small(
    faults: Faults,
    processes: tuple[psutil.Process, psutil.Process],
    source: str,
    is_truncated: bool,
    record_property: Any,
) -> None:
    with Sizes(*processes) as sizes:
        running = faults.begin(f"import time\ntime.sleep(0.5)\n{source}")
        with _watched(faults, running, 3) as watchers:
            assert running.finish() == "success"
            for watcher in watchers:
                assert watcher.ended.wait(60)
            faults.client.get_output(running.dag_id, running.run_id, "nb")
            log = faults.client.get_log(running.dag_id, running.run_id, "nb", search="no such text")
    growth, supervisor = sizes.growth[0], sizes.most[1]
    facts = {
        "server grew, MB": growth / MB,
        "supervisor at most, MB": supervisor / MB,
        "outputs in a second": max(watcher.most_in_a_second("output") for watcher in watchers),
        "outputs": len(watchers[0].came["output"]),
        "logs in a second": max(watcher.most_in_a_second("log") for watcher in watchers),
        "largest batch, MB": watchers[0].largest / MB,
        "log, MB": log.size / MB,
    }
    for name, value in facts.items():
        record_property(name, value)
        print(f"{name}: {value:.1f}")
    assert growth <= SERVER_GROWTH
    assert supervisor <= SUPERVISOR
    assert facts["outputs in a second"] <= 20
    assert facts["logs in a second"] <= 12  # the begin and the end are told besides
    assert bool(running.attempt.details.get("truncated")) is is_truncated
    assert log.size <= 101 * MB
    if is_truncated:
        assert all("the end" in watcher.texts for watcher in watchers) or log.size > 99 * MB


def test_chatty_notebooks_in_all_slots_leave_the_supervisor_small(
    faults: Faults, processes: tuple[psutil.Process, psutil.Process]
) -> None:
    """Each keeps 20 cells of half a megabyte, and images of two."""
    text = "print('x' * 500_000)"
    image = "display({'image/png': 'A' * 2_000_000}, raw=True)"
    with Sizes(*processes) as sizes:
        runs = [faults.begin(*[text] * 20, *[image] * 10) for _ in range(8)]
        for running in runs:
            assert running.finish() == "success"
    print(f"server grew {sizes.growth[0] / MB:.1f} MB, supervisor at most {sizes.most[1] / MB:.1f} MB")
    assert sizes.most[1] <= SUPERVISOR
    assert sizes.growth[0] <= 200 * MB
    eventually(lambda: not faults.studio.attempt_processes())
