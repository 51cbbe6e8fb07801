"""Logs of real tasks, followed through a real server; and what killed tasks said last."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.api.models import LogRecord
from studio.client import Client, connect
from studio.core.spec import DagSpec, TaskSpec
from studio.errors import NotFound
from studio.settings import Settings

STEPS = """
import logging, signal, sys, time

def speak():
    for number in range(10):
        print("tick", number)
        time.sleep(0.15)
    logging.getLogger("my.part").warning("nearly done")
    print("no newline", end="")

def deaf():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in range(1000):
        print("number", number)
    print("last words")
    while True:
        pass

def flood():
    for number in range(200_000):
        print("number", number)

def fail():
    sys.stderr.write("oh\\n")
    raise ValueError("as asked")
"""


@pytest.fixture
def client(settings: Settings, tmp_path: Path) -> Iterator[Client]:
    (tmp_path / "speaking.py").write_text(STEPS)

    def task(name: str, *upstream: str) -> TaskSpec:
        config = {"function": f"speaking:{name}", "args": {}, "path": [str(tmp_path)]}
        return TaskSpec(id=name, kind="function", upstream=upstream, config=config)

    with connect() as made:
        for name in ("speak", "deaf", "flood"):
            made.publish_dag(DagSpec(id=name, tasks=(task(name),)))
        made.publish_dag(DagSpec(id="fail", tasks=(task("fail"), task("speak", "fail"))))
        yield made


def _texts(records: list[LogRecord]) -> list[str]:
    return [record.text for record in records]


def test_a_log_is_followed_from_before_the_begin_to_the_end(client: Client) -> None:
    run = client.trigger_run("speak").run.run_id
    came: list[float] = []
    found: list[LogRecord] = []
    for record in client.follow_log("speak", run, "speak"):
        found.append(record)
        came.append(time.monotonic())
    assert _texts(found) == [*[f"tick {number}" for number in range(10)], "nearly done", "no newline"]
    assert [(record.level, record.source) for record in found[-2:]] == [
        ("WARNING", "my.part"),
        ("INFO", "stdout"),
    ]
    assert came[-1] - came[0] > 0.5  # as they came, and not all at the end
    assert client.get_run("speak", run).tasks[0].state.value in ("success", "running")
    assert _texts(client.get_log("speak", run, "speak").records) == _texts(found)
    assert _texts(list(client.follow_log("speak", run, "speak", level="warning"))) == ["nearly done"]
    assert client.get_log_text("speak", run, "speak").decode().endswith(" INFO stdout: no newline\n")


def test_a_flood_is_followed_without_a_gap(client: Client) -> None:
    run = client.trigger_run("flood").run.run_id
    found = list(client.follow_log("flood", run, "flood"))
    assert _texts(found)[-1] == "number 199999"
    first = int(found[0].text.split()[1])
    assert _texts(found) == [f"number {number}" for number in range(first, 200_000)]


def test_what_a_task_said_before_it_was_killed_is_there(client: Client) -> None:
    run = client.trigger_run("deaf").run.run_id
    found = []
    for record in client.follow_log("deaf", run, "deaf"):
        if record.text == "last words":
            client.cancel_run("deaf", run)
        found.append(record)
    assert _texts(found)[-2:] == ["number 999", "last words"]
    assert client.wait_for_run("deaf", run, timeout=60).run.state.value == "cancelled"


def test_following_ends_where_nothing_will_come(client: Client) -> None:
    run = client.trigger_run("fail").run.run_id
    errors = list(client.follow_log("fail", run, "fail", level="error"))
    assert errors[-1].text.endswith("ValueError: as asked")
    assert list(client.follow_log("fail", run, "speak")) == []  # upstream failed
    assert [
        (r.level, r.source, r.text) for r in client.get_log("fail", run, "fail", source="stderr").records
    ] == [("WARNING", "stderr", "oh")]
    with pytest.raises(NotFound):
        list(client.follow_log("fail", run, "nobody"))
