from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from studio.worker.sensor import Sensor

COUNTED = """
from pathlib import Path
def f(file, after):
    looks = Path(file).read_text() if Path(file).exists() else ""
    Path(file).write_text(looks + "x")
    return len(looks) >= after and {"looks": len(looks) + 1}
"""


def sensing(**sensor: Any) -> dict[str, Any]:
    return {"interpret": "sensor", "sensor": {"poke_interval": 0.01, **sensor}}


def test_a_poking_sensor_looks_until_there_is_something(call: Any, tmp_path: Path) -> None:
    args = {"file": str(tmp_path / "looks"), "after": 3}
    result = call(COUNTED, args=args, context=sensing(mode="poke")).result
    assert (result.state, result.value) == ("success", {"looks": 4})


def test_a_sensor_that_gives_its_slot_back_looks_once(call: Any, tmp_path: Path) -> None:
    args = {"file": str(tmp_path / "looks"), "after": 1}
    for state, value in (("rescheduled", None), ("success", {"looks": 2})):
        result = call(COUNTED, args=args, context=sensing(mode="reschedule")).result
        assert (result.state, result.value, result.signal.until) == (state, value, None)


@pytest.mark.parametrize("since", [None, 0.0])
def test_it_times_out_from_the_first_look_and_is_not_tried_again(call: Any, since: float | None) -> None:
    waiting = None if since is None else time.time() - 3600
    result = call(
        "def f(): return []", context=sensing(timeout=0.05 if since is None else 60, waiting_since=waiting)
    ).result
    assert (result.state, result.signal.retry) == ("failed", False)
    assert result.error.startswith("timed out after")
    assert result.signal.errors[0] == "builtins.TimeoutError"


def test_a_soft_sensor_is_skipped_instead(call: Any) -> None:
    result = call("def f(): return 0", context=sensing(timeout=0, soft_fail=True)).result
    assert result.state == "skipped" and result.error.startswith("timed out after 0 s")


def test_what_it_raises_counts_as_of_any_task(call: Any) -> None:
    head = "from studio.outcomes import *\ndef f(): raise "
    assert call(f"{head}Skip('holiday')", context=sensing()).result.state == "skipped"
    assert call(f"{head}Reschedule(1359612000)", context=sensing()).result.signal.until == 1359612000
    assert call(f"{head}ValueError('x')", context=sensing()).result.signal.errors[0] == "builtins.ValueError"


def test_a_coroutine_function_can_be_a_sensor_and_any_truth_counts(call: Any) -> None:
    source = "import asyncio\nasync def f():\n    await asyncio.sleep(0)\n    return {1, 2}"
    result = call(source, context=sensing()).result
    assert (result.state, result.value["type"]) == ("success", "set")


def test_intervals_double_up_to_the_longest() -> None:
    assert [Sensor(poke_interval=10).interval(looks) for looks in (1, 2, 9)] == [10, 10, 10]
    backing_off = Sensor(poke_interval=10, backoff=True, max_wait=60)
    assert [backing_off.interval(looks) for looks in (1, 2, 3, 4, 5000)] == [10, 20, 40, 60, 60]


INTERRUPTED = """
import ctypes, threading
def interrupt(thread):
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(KeyboardInterrupt))
def f():
    threading.Timer(0.1, interrupt, [threading.get_ident()]).start()
    return False
"""


def test_an_interrupt_ends_it_between_two_looks(call: Any) -> None:
    result = call(INTERRUPTED, context=sensing(poke_interval=3600)).result
    assert result.state == "failed" and result.error.startswith("KeyboardInterrupt")


def test_a_sensor_that_is_not_understood_is_refused(call: Any) -> None:
    result = call("def f(): return 1", context=sensing(mode="stare")).result
    assert result.state == "failed" and "sensor cannot be understood" in result.error
