"""Looking for what a sensor waits for: again and again in this attempt ("poke"), or once ("reschedule")."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

import msgspec

from studio.core.signals import Signal
from studio.errors import InvalidInput
from studio.worker.error_names import TIMED_OUT
from studio.worker.task import TaskResult

_SLICE: Final = 0.05  # seconds: a cancel in a thread, where no signal ends a sleep, is felt after this


class Sensor(msgspec.Struct, frozen=True):
    """`context["sensor"]`; all times in seconds, as in `studio.core.spec.SensorSpec`."""

    mode: Literal["poke", "reschedule"] = "poke"
    poke_interval: float = 60.0
    timeout: float = 604800.0
    soft_fail: bool = False
    backoff: bool = False
    max_wait: float | None = None
    looks: int = 0  # before this attempt
    waiting_since: float | None = None  # seconds since the epoch: the first look; None: it is this one

    def interval(self, looks: int) -> float:
        """How long to wait after so many looks."""
        factor = 2.0 ** min(max(looks - 1, 0), 64) if self.backoff else 1.0
        longest = self.max_wait if self.max_wait is not None else float("inf")
        return float(min(self.poke_interval * factor, longest))


def sensor_of(context: Mapping[str, Any]) -> Sensor | None:
    """How the attempt looks for something; None if it is no sensor. Raises `InvalidInput`."""
    if context.get("interpret") != "sensor":
        return None
    try:
        return msgspec.convert(context.get("sensor") or {}, Sensor)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"The task's sensor cannot be understood: {error}.") from error


def look(call: Callable[[], Any], sensor: Sensor) -> TaskResult:
    """Call until the value is truthy. What `call` raises ends it."""
    if sensor.mode == "reschedule":
        value = call()
        return _found(value) if value else TaskResult(state="rescheduled")
    waited = max(0.0, time.time() - sensor.waiting_since) if sensor.waiting_since is not None else 0.0
    deadline = time.monotonic() + sensor.timeout - waited
    looks = sensor.looks
    while True:
        value = call()
        looks += 1
        if value:
            return _found(value)
        now = time.monotonic()
        if now >= deadline:
            return _timed_out(sensor, looks)
        _sleep_until(min(now + sensor.interval(looks), deadline))


def _found(value: Any) -> TaskResult:
    return TaskResult(state="success", value=value)


def _timed_out(sensor: Sensor, looks: int) -> TaskResult:
    error = f"timed out after {sensor.timeout:g} s: what it waits for was not there at any of {looks} looks"
    if sensor.soft_fail:
        return TaskResult(state="skipped", error=error)
    return TaskResult(state="failed", error=error, signal=Signal(retry=False, errors=TIMED_OUT))


def _sleep_until(moment: float) -> None:
    while (left := moment - time.monotonic()) > 0:
        time.sleep(min(left, _SLICE))
