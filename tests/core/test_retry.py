"""Whether and when a failed task is tried again."""

from __future__ import annotations

import hashlib
import math
from typing import Any

import pytest

from studio.core.retry import LOST_RETRIES, Retry, decide, retry_delay
from studio.core.signals import Signal
from studio.core.spec import RetryRule, TaskSpec

WHO = "d#a#r"
TIMEOUT = Signal(
    errors=(
        "requests.exceptions.ReadTimeout",
        "requests.exceptions.Timeout",
        "requests.exceptions.RequestException",
        "builtins.OSError",
        "builtins.Exception",
        "builtins.BaseException",
        "builtins.object",
    )
)


def a_task(*rules: RetryRule, **options: Any) -> TaskSpec:
    return TaskSpec(id="a", kind="function", retries=3, retry_delay=60.0, retry_rules=rules, **options)


def test_failed_task_is_tried_again_after_its_delay() -> None:
    assert decide(a_task(), Signal(), WHO, 3, 1) == Retry(60.0)
    assert decide(a_task(), TIMEOUT, WHO, 1, 3) == Retry(60.0)


def test_no_tries_left_ends_it_whatever_the_rules_say() -> None:
    always = RetryRule(exception="Exception", delay=1.0)
    assert decide(a_task(always), TIMEOUT, WHO, 0, 4) is None
    assert decide(a_task(always), Signal(retry=True), WHO, 0, 4) is None
    assert decide(a_task(always), TIMEOUT, WHO, -1, 4) is None


def test_attempt_itself_may_refuse_to_be_tried_again() -> None:
    always = RetryRule(exception="Exception", delay=1.0)
    assert decide(a_task(always), Signal(retry=False, errors=TIMEOUT.errors), WHO, 3, 1) is None


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("requests.exceptions.ReadTimeout", True),  # the class itself
        ("requests.exceptions.Timeout", True),  # a base
        ("builtins.OSError", True),
        ("OSError", True),
        ("Timeout", True),  # any class of that name
        ("exceptions.Timeout", False),  # a name with a dot is the whole name
        ("httpx.Timeout", False),
        ("timeout", False),
        ("ValueError", False),
        ("", False),
    ],
)
def test_rule_fits_an_exception_by_its_class_or_a_base(name: str, fits: bool) -> None:
    found = decide(a_task(RetryRule(exception=name, action="fail")), TIMEOUT, WHO, 3, 1)
    assert found == (None if fits else Retry(60.0))


def test_first_rule_that_fits_counts() -> None:
    fail = RetryRule(exception="OSError", action="fail")
    again = RetryRule(exception="Timeout", delay=5.0)
    assert decide(a_task(fail, again), TIMEOUT, WHO, 3, 1) is None
    assert decide(a_task(again, fail), TIMEOUT, WHO, 3, 1) == Retry(5.0)


def test_rule_without_delay_takes_that_of_the_task() -> None:
    growing = a_task(RetryRule(exception="Timeout"), retry_backoff=2.0)
    assert decide(growing, TIMEOUT, WHO, 3, 2) == Retry(retry_delay(growing, WHO, 2))


def test_rule_may_retry_at_once() -> None:
    at_once = a_task(RetryRule(exception="Timeout", delay=0.0), retry_backoff=2.0)
    assert decide(at_once, TIMEOUT, WHO, 3, 2) == Retry(0.0)


def test_exception_without_a_name_fits_no_rule() -> None:
    assert decide(a_task(RetryRule(exception="", action="fail")), Signal(), WHO, 3, 1) == Retry(60.0)


def test_backoff_is_the_formula_of_the_reference() -> None:
    task = a_task(retry_backoff=1.5)
    for n in range(1, 12):
        base = max(1, math.ceil(60.0 * 1.5 ** (n - 1)))
        digest = int(hashlib.sha1(f"{WHO}#{n}".encode()).hexdigest(), 16)
        assert retry_delay(task, WHO, n) == base + digest % base
        assert base <= retry_delay(task, WHO, n) < 2 * base


def test_backoff_spreads_tasks_and_stays_under_the_cap() -> None:
    task = a_task(retry_backoff=2.0, max_retry_delay=1000.0)
    assert len({retry_delay(task, f"d#a#{n}", 3) for n in range(50)}) > 25
    assert {retry_delay(task, f"d#a#{n}", 400) for n in range(50)} == {1000.0}


def test_backoff_may_be_as_steep_as_it_likes() -> None:
    assert retry_delay(a_task(retry_backoff=1e300), WHO, 100) == 86400.0


def test_lost_attempts_are_made_up_for_as_often_by_default_as_documented() -> None:
    assert a_task().lost_retries == LOST_RETRIES == 3
