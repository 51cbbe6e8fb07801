"""When a failed task is tried again. The delay is Airflow's, with its deterministic jitter."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import Final

from studio.core.signals import Signal
from studio.core.spec import RetryRule, TaskSpec

LOST_RETRIES: Final = 3  # the default of `TaskSpec.lost_retries`


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again `delay` seconds after the end of the attempt."""

    delay: float


def decide(task: TaskSpec, signal: Signal, identity: str, tries_left: int, failures: int) -> Retry | None:
    """Whether a failed attempt is followed by another one; None: the task has failed.

    `tries_left`: how many more there may be at all; no rule gives more. `failures`: of this task instance so far, this
    one included; lost attempts are none. The attempt's own word (`signal.retry`) comes first, then the first of the
    task's `retry_rules` that fits the exception. The delay of a rule is taken as it is, without backoff and cap.
    """
    if tries_left <= 0 or signal.retry is False:
        return None
    rule = matching_rule(task.retry_rules, signal.errors)
    if rule is not None and rule.action == "fail":
        return None
    if rule is not None and rule.delay is not None:
        return Retry(rule.delay)
    return Retry(retry_delay(task, identity, failures))


def matching_rule(rules: tuple[RetryRule, ...], errors: tuple[str, ...]) -> RetryRule | None:
    """The first rule that names one of `errors`, the exception's class and its bases as "module.Class"."""
    if not rules or not errors:
        return None
    full = set(errors)
    short = {name.rpartition(".")[2] for name in errors}
    for rule in rules:
        if rule.exception in (full if "." in rule.exception else short):
            return rule
    return None


def retry_delay(task: TaskSpec, identity: str, try_number: int) -> float:
    """Seconds from the end of attempt `try_number` (1, 2, …) to the next.

    Without `retry_backoff` it is `retry_delay`. With a multiplier m: `b = max(1, ceil(delay * m ** (try - 1)))` and
    the wait lies in [b, 2b), spread by a hash of `identity` and the try, so that it is the same wherever it is
    computed. Source: Airflow 3.3, `TaskInstance.next_retry_datetime`.
    """
    if not task.retry_backoff:
        return min(task.retry_delay, task.max_retry_delay)
    try:
        grown = task.retry_delay * task.retry_backoff ** (try_number - 1)
    except OverflowError:
        grown = math.inf
    base = max(1, math.ceil(min(grown, task.max_retry_delay)))
    # Not for security: the hash only spreads retries.
    spread = int(hashlib.sha1(f"{identity}#{try_number}".encode(), usedforsecurity=False).hexdigest(), 16)
    return min(base + spread % base, task.max_retry_delay)
