"""When a failed task is tried again. The delay is Airflow's, with its deterministic jitter."""

from __future__ import annotations

import hashlib
import math

from studio.core.spec import TaskSpec

LOST_RETRIES = 3  # attempts lost with their worker that are made up for, apart from `retries`


def retry_delay(task: TaskSpec, identity: str, try_number: int) -> float:
    """Seconds from the end of attempt `try_number` (1, 2, …) to the next.

    Without `retry_backoff` it is `retry_delay`. With a multiplier m: `b = max(1, ceil(delay * m ** (try - 1)))` and
    the wait lies in [b, 2b), spread by a hash of `identity` and the try, so that it is the same wherever it is
    computed. Source: Airflow 3.3, `TaskInstance.next_retry_datetime`.
    """
    if not task.retry_backoff:
        return min(task.retry_delay, task.max_retry_delay)
    exponent = min(try_number - 1, 64)  # 2 ** 64 seconds is beyond every cap
    base = max(1, math.ceil(min(task.retry_delay * task.retry_backoff**exponent, task.max_retry_delay)))
    # Not for security: the hash only spreads retries.
    spread = int(hashlib.sha1(f"{identity}#{try_number}".encode(), usedforsecurity=False).hexdigest(), 16)
    return min(base + spread % base, task.max_retry_delay)
