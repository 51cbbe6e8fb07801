"""The supervisor's own rules; what it does with processes is tested through the pool executor."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from studio.worker.messages import Observed, raw
from studio.worker.observations import Observations
from studio.worker.slot import describe_exit


def test_supervisor_stays_light() -> None:
    code = """
import sys, studio.worker.__main__
heavy = {"papermill", "nbformat", "jinja2", "sqlalchemy", "tornado", "psutil", "IPython", "zmq"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(root)}, check=True)


def test_only_the_latest_of_each_key_is_sent_in_the_order_of_the_first() -> None:
    def event(attempt_id: int, key: str, value: int) -> Observed:
        return Observed(attempt_id, key, raw(value))

    observations = Observations()
    for observed in (
        event(1, "notebook", 0),
        event(1, "0", 1),
        event(1, "", 2),
        event(1, "0", 3),
        event(1, "", 4),
    ):
        observations.add(observed)
    assert observations.take_unsent() == [
        event(1, "notebook", 0),
        event(1, "0", 3),
        event(1, "", 2),
        event(1, "", 4),
    ]
    assert observations.take_unsent() == []
    observations.add(event(2, "0", 5))
    assert observations.take_all() == [event(1, "notebook", 0), event(1, "0", 3), event(2, "0", 5)]
    observations.forget(1)
    assert observations.take_all() == [event(2, "0", 5)]


def test_exits_are_described() -> None:
    assert describe_exit(3) == "ended with exit code 3"
    assert (
        describe_exit(-9)
        == "ended with signal 9 (SIGKILL: often the machine or the container ran out of memory)"
    )
    assert describe_exit(-2) == "ended with signal 2 (SIGINT)"
