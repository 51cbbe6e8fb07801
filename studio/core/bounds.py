"""Numbers of a spec and the ranges they lie in. What is refused is told with its range and an example."""

from __future__ import annotations

import math
from typing import Final

from studio.core.names import shown
from studio.errors import InvalidDag

MAX_DURATION: Final = 3660 * 86400  # seconds: ten years

#: Whole numbers by the name of their field: (least, most).
WHOLE: Final[dict[str, tuple[int, int]]] = {
    "retries": (0, 100),
    "lost_retries": (0, 100),
    "pool_slots": (1, 1_000_000),
    "priority_weight": (-(2**31), 2**31 - 1),
    "max_active_per_dag": (1, 100_000),
    "max_active_per_run": (1, 100_000),
    "max_active_runs": (1, 100_000),
    "max_active_tasks": (1, 100_000),
    "max_active_tasks_per_dag": (1, 100_000),
    "pause_after_failures": (1, 1000),
    "runs": (1, 1000),
}


def check_whole(value: object, name: str, where: str) -> None:
    """Raise `InvalidDag` unless `value` is a whole number in the range of the field `name`."""
    least, most = WHOLE[name]
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise InvalidDag(
            f"{where}: {name} is {shown(value)}; it must be a whole number from {least} to {most}.",
            hint=f"For example {max(least, min(most, 3))}.",
            field=name,
        )


def check_duration(value: object, name: str, where: str, *, can_be_zero: bool = False) -> None:
    """Raise `InvalidDag` unless `value` is a number of seconds that something can take: more than 0, or 0 too."""
    fits = is_number(value) and (value > 0 or (can_be_zero and value == 0)) and value <= MAX_DURATION  # type: ignore[operator]
    if not fits:
        least = "0 or more" if can_be_zero else "more than 0"
        raise InvalidDag(
            f"{where}: {name} is {shown(value)}; it must be {least} seconds, and at most ten years.",
            hint="For example 1800 (in Python also '30m').",
            field=name,
        )


def check_number(value: object, name: str, where: str, least: float, most: float) -> None:
    """Raise `InvalidDag` unless `value` is a number from `least` to `most`."""
    if not (is_number(value) and least <= value <= most):  # type: ignore[operator]
        raise InvalidDag(
            f"{where}: {name} is {shown(value)}; it must be a number from {least:g} to {most:g}.", field=name
        )


def is_number(value: object) -> bool:
    """A number that is finite, and no bool."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
