"""What a supervisor holds of running attempts: the latest of each kind, and no more than it may."""

from __future__ import annotations

from typing import Any

import msgspec

from studio.worker.messages import Observed, raw
from studio.worker.observations import MAX_ATTEMPT, MAX_KEPT, Observations
from studio.worker.task import CellChanged, Event, KernelStarted, Log, LogGrown

_decode = msgspec.msgpack.Decoder[Any](Event).decode


def _cell(attempt_id: int, index: int, size: int, **more: Any) -> Observed:
    outputs = [{"output_type": "stream", "name": "stdout", "text": "x" * size}]
    event = CellChanged(index=index, state="running", outputs=outputs, **more)
    return Observed(attempt_id, str(index), raw(event))


def _seen(observed: list[Observed]) -> list[tuple[int, str, bool]]:
    found = []
    for each in observed:
        event = _decode(each.event)
        found.append((each.attempt_id, each.key, getattr(event, "elided", False)))
    return found


def test_the_latest_of_each_key_counts() -> None:
    observations = Observations()
    for size in range(5):
        observations.add(_cell(1, 0, size))
    observations.add(Observed(1, "log", raw(LogGrown(size=5))))
    observations.add(Observed(1, "", raw(Log(text="a"))))
    observations.add(Observed(1, "", raw(Log(text="b"))))
    assert [(o.attempt_id, o.key) for o in observations.take_unsent()] == [
        (1, "0"),
        (1, "log"),
        (1, ""),
        (1, ""),
    ]
    assert observations.take_unsent() == []
    assert [(o.attempt_id, o.key) for o in observations.take_all()] == [(1, "0"), (1, "log")]
    observations.forget(1)
    assert (observations.take_all(), observations.weight) == ([], 0)


def test_an_attempt_with_large_outputs_keeps_the_newest() -> None:
    observations = Observations()
    observations.add(Observed(1, "kernel", raw(KernelStarted(pid=5, kernel_name="python3"))))
    for index in range(50):
        observations.add(_cell(1, index, 1_000_000, cpu=1.5))
        assert observations.weight <= MAX_ATTEMPT
    seen = _seen(observations.take_all())
    assert len(seen) == 51
    assert (seen[0], seen[1], seen[-1]) == ((1, "kernel", False), (1, "0", True), (1, "49", False))
    short = _decode(observations.take_all()[1].event)
    assert (short.state, short.outputs, short.cpu) == ("running", [], 1.5)


def test_many_attempts_are_bounded_too_also_while_nothing_is_sent() -> None:
    observations = Observations()
    for attempt in range(20):
        for index in range(5):
            observations.add(_cell(attempt, index, 1_000_000))
            assert observations.weight <= MAX_KEPT
    unsent = observations.take_unsent()
    assert len(unsent) == 100
    assert sum(len(memoryview(each.event)) for each in unsent) <= MAX_KEPT


def test_attempts_that_end_unsent_leave_little() -> None:
    observations = Observations()
    for attempt in range(100):
        observations.add(_cell(attempt, 0, 1_000_000))
        observations.add(_cell(attempt, 1, 100))
        observations.forget(attempt)
    unsent = observations.take_unsent()
    assert _seen(unsent)[:2] == [(0, "0", True), (0, "1", False)]
    assert sum(len(memoryview(each.event)) for each in unsent) < 100_000


def test_the_same_cell_again_and_again_weighs_once() -> None:
    observations = Observations()
    for _ in range(1000):
        observations.add(_cell(1, 0, 100_000))
    assert observations.weight < 110_000
    assert _seen(observations.take_all()) == [(1, "0", False)]
