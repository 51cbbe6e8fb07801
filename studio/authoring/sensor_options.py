"""What every sensor takes: how often it looks, and for how long."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, Literal

from typing_extensions import TypedDict

from studio.authoring.arguments import flag, seconds
from studio.core.names import nearest, shown
from studio.core.spec import SensorSpec
from studio.errors import InvalidInput

_MODES: Final = ("poke", "reschedule")


class SensorKeywords(TypedDict, total=False):
    """Keywords of sensors, beside those of all tasks. Durations: seconds, a timedelta, or text such as "5 min"."""

    mode: Literal[
        "poke", "reschedule"
    ]  # "poke" keeps its slot between two looks; "reschedule" gives it back ("poke")
    poke_interval: float | timedelta | str  # between two looks (60 s)
    timeout: float | timedelta | str  # from the first look on; then it fails, without retry (7 days)
    soft_fail: bool  # then it is skipped instead
    backoff: bool  # the interval doubles with each look, up to `max_wait`
    max_wait: float | timedelta | str | None  # the longest interval
    try_timeout: (
        float | timedelta | str | None
    )  # what `timeout` is to other tasks: a try, in mode "reschedule" a look, may take this long


SENSOR_KEYWORDS: Final = tuple(SensorKeywords.__annotations__)


def sensor_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """The keywords as fields of a `TaskSpec`. Raises `InvalidInput`."""
    mode = given.get("mode", "poke")
    if mode not in _MODES:
        raise InvalidInput(
            f"mode is {shown(mode)}; it must be 'poke' or 'reschedule'.",
            hint=nearest(str(mode), _MODES),
            field="mode",
        )
    max_wait, try_timeout = given.get("max_wait"), given.get("try_timeout")
    spec = SensorSpec(
        mode=mode,
        poke_interval=seconds(given.get("poke_interval", 60.0), "poke_interval"),
        timeout=seconds(given.get("timeout", "7 days"), "timeout"),
        soft_fail=flag(given.get("soft_fail", False), "soft_fail"),
        backoff=flag(given.get("backoff", False), "backoff"),
        max_wait=None if max_wait is None else seconds(max_wait, "max_wait"),
    )
    fields: dict[str, Any] = {"interpret": "sensor", "sensor": spec}
    if try_timeout is not None:
        fields["timeout"] = seconds(try_timeout, "try_timeout")
    return fields
