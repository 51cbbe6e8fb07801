"""What task code raises, and what becomes of it."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

import studio.outcomes
from studio.core.signals import AssetSignal, Signal
from studio.outcomes import Defer, Reschedule, asset_event
from studio.worker.error_names import names_of

HEAD = "from studio.outcomes import *\nfrom studio.outcomes import asset_event\nfrom datetime import *\n"


def raising(what: str) -> str:
    return f"{HEAD}def f():\n    raise {what}"


def test_a_skip_is_skipped_with_its_reason(call: Any) -> None:
    result = call(raising("Skip('no data')")).result
    assert (result.state, result.error, result.signal) == ("skipped", "no data", Signal())
    assert call(raising("Skip")).result.error is None


def test_a_fail_is_not_tried_again(call: Any) -> None:
    result = call(raising("Fail('bad credentials')")).result
    assert (result.state, result.error, result.signal.retry) == ("failed", "bad credentials", False)
    assert result.signal.errors[0] == "studio.outcomes.Fail"


def test_a_class_of_ones_own_is_what_it_derives_from(call: Any) -> None:
    source = f"{HEAD}class NoFlights(Skip): pass\ndef f():\n    raise NoFlights('strike')"
    assert (call(source).result.state, call(source).result.error) == ("skipped", "strike")


@pytest.mark.parametrize(
    ("until", "seconds"),
    [
        ("datetime(2013, 1, 31, 6, tzinfo=timezone.utc)", 1359612000.0),
        ("datetime(2013, 1, 31, 7, tzinfo=timezone(timedelta(hours=1)))", 1359612000.0),
        ("1359612000", 1359612000.0),
        ("None", None),
    ],
)
def test_a_reschedule_says_when(call: Any, until: str, seconds: float | None) -> None:
    result = call(raising(f"Reschedule({until})")).result
    assert (result.state, result.error, result.signal) == ("rescheduled", None, Signal(until=seconds))


def test_a_timedelta_is_from_now() -> None:
    before = time.time()
    until = Reschedule(timedelta(minutes=5)).until
    assert until is not None and before + 300 <= until <= time.time() + 300


@pytest.mark.parametrize(
    ("until", "said"),
    [(60, "is no time"), (datetime(2013, 1, 1), "has no time zone"), (float("nan"), "is no time")],
)
def test_a_time_that_is_none_is_refused(until: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Reschedule(until)


def test_a_deferred_task_is_told_what_it_wanted_to_know(call: Any) -> None:
    result = call(raising("Defer(1359612000, {'page': (1, 2)})")).result
    assert result.state == "rescheduled"
    assert result.signal == Signal(until=1359612000.0, resume={"page": [1, 2]})
    args = {"page": "{{ resume.page if resume else 0 }}"}
    source = "def f(page): return page"
    assert call(source, args=args).result.value == 0
    assert call(source, args=args, context={"resume": {"page": 3}}).result.value == 3
    with pytest.raises(studio.errors.InvalidParameter, match="resume"):
        Defer(datetime.now(timezone.utc), {"handle": object()})


def test_a_failure_names_the_exceptions_classes(call: Any) -> None:
    source = "class Odd(ZeroDivisionError): pass\ndef f():\n    raise Odd('x')"
    assert call(source).result.signal.errors == (
        "studio_test_jobs.Odd",
        "builtins.ZeroDivisionError",
        "builtins.ArithmeticError",
        "builtins.Exception",
        "builtins.BaseException",
    )
    assert call("def f(x): pass").result.signal.errors[0] == "builtins.TypeError"
    lock = "import threading\ndef f(): return threading.Lock()"
    assert call(lock).result.signal.errors[0] == "studio.values.errors.ValueNotKept"


def test_of_a_kernels_exception_the_name_and_what_is_known_of_it() -> None:
    assert names_of("KeyError") == (
        "KeyError", "builtins.KeyError", "builtins.LookupError", "builtins.Exception", "builtins.BaseException",
    )  # fmt: skip
    assert names_of("Odd") == ("Odd",)
    assert names_of("print") == ("print",)


def test_asset_events_gather_what_was_said(call: Any) -> None:
    source = (
        f"{HEAD}def f():\n    asset_event('table', rows=7)\n    asset_event('table', late=(1,))\n"
        "    asset_event('file')\n"
    )
    assert call(source).result.signal.assets == (
        AssetSignal("table", {"rows": 7, "late": [1]}),
        AssetSignal("file", {}),
    )
    assert call("def f(): pass").result.signal.assets == ()


def test_an_asset_event_that_is_not_json_fails_where_it_is_said(call: Any) -> None:
    result = call(f"{HEAD}def f(): asset_event('table', rows={{1}})").result
    assert result.state == "failed" and "extra of asset 'table'" in result.error


def test_an_asset_event_outside_of_a_task_is_refused() -> None:
    with pytest.raises(RuntimeError, match="while it runs"):
        asset_event("table")


def test_outcomes_are_light(repository: Path) -> None:
    script = (
        "import sys, studio.outcomes\n"
        "print(sorted({'jinja2', 'jsonschema', 'nbformat', 'sqlalchemy', 'tornado'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=repository, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def exiting(arguments: str) -> str:
    return f"import studio\ndef f():\n    try:\n        studio.exit({arguments})\n    finally:\n        print('closed')"


def test_an_exit_ends_a_function_with_its_value(call: Any) -> None:
    ran = call(exiting("value={'rows': (1, 2)}"))
    assert (ran.result.state, ran.result.value, ran.result.error) == ("success", {"rows": [1, 2]}, None)
    skipped = call(exiting("'skipped', 7")).result
    assert (skipped.state, skipped.value, skipped.signal) == ("skipped", 7, Signal())


def test_a_failed_exit_is_not_tried_again(call: Any) -> None:
    result = call(exiting("status='failed', value='half'")).result
    assert (result.state, result.value, result.signal.retry) == ("failed", "half", False)
    assert result.signal.errors[0] == "studio.outcomes.Exit"


def test_an_exit_that_says_nothing_known_is_an_error_where_it_stands(call: Any) -> None:
    assert "cannot end as 'done'" in call(exiting("'done'")).result.error
