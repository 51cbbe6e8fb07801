"""What people mistype most, and the whole sentence that they are told. Rows of the table of bad inputs."""

from __future__ import annotations

from typing import Any

import pytest

from studio import DAG, function
from studio.authoring.tasks import Task
from studio.errors import StudioError

DURATIONS = (
    "which is no duration. "
    "Give seconds (300), a timedelta, or text such as '90 s', '5 min', '1 h 30 min', '2 days'."
)
POSITIVE = "it must be more than 0 seconds, and at most ten years. For example 1800 (in Python also '30m')."
RETRIES = "it must be a whole number from 0 to 100. For example 3."


def plain(task_id: str, **options: Any) -> Task:
    return function("m:f", task_id=task_id, **options)


def unknown_upstream() -> None:
    plain("extract")
    plain("report", after="extrct")


def self_dependency() -> None:
    a = plain("a")
    a >> a


def cycle() -> None:
    a, b = plain("a"), plain("b")
    a >> b >> a


def two_of_a_name() -> None:
    function("m:f", task_id="a")
    function("m:g", task_id="a")


ROWS: list[tuple[str, Any, str, str]] = [
    (
        "10 unknown upstream",
        unknown_upstream,
        "unknown_upstream",
        "The task 'report' waits for 'extrct', which is no task of 'd'. Did you mean 'extract'?",
    ),
    ("11 itself", self_dependency, "cycle", "The task 'a' waits for itself: a → a. Remove this edge."),
    (
        "11 cycle",
        cycle,
        "cycle",
        "The DAG 'd' has a cycle: a → b → a. Remove one of these edges.",
    ),
    (
        "12 the same id",
        two_of_a_name,
        "invalid_dag",
        "The DAG 'd' has two tasks 'a': f() (test_bad_input.py, line {0}) and g() (test_bad_input.py, line {1}). "
        "Give one of them another name: task_id='a_2'.",
    ),
    (
        "13 empty",
        lambda: None,
        "no_tasks",
        "The DAG 'd' has no tasks. Add one, for example notebook('x.ipynb').",
    ),
    (
        "16 unknown key",
        lambda: plain("a", retires=3),
        "unknown_argument",
        "function(...) takes no 'retires'. Did you mean 'retries'?",
    ),
    (
        "17 wrong type",
        lambda: plain("a", retries="three"),
        "invalid_input",
        "retries is 'three'; it must be a whole number.",
    ),
    *(
        (f"18 retries {value}", lambda value=value: plain("a", retries=value), "invalid_dag", message)
        for value, message in (
            (-1, f"The task 'a': retries is -1; {RETRIES}"),
            (10**9, f"The task 'a': retries is 1000000000; {RETRIES}"),
        )
    ),
    *(
        (
            f"18 retries {value}",
            lambda value=value: plain("a", retries=value),
            "invalid_input",
            f"retries is {value}; it must be a whole number.",
        )
        for value in (True, 3.5, float("nan"))
    ),
    *(
        (
            f"19 timeout {value}",
            lambda value=value: plain("a", timeout=value),
            "invalid_dag",
            f"The task 'a': timeout is {float(value)}; {POSITIVE}",
        )
        for value in (0, -5)
    ),
    *(
        (
            f"19 timeout {value}",
            lambda value=value: plain("a", timeout=value),
            "invalid_input",
            f"timeout is {value!r}, {DURATIONS}",
        )
        for value in ("1y", "PT", "")
    ),
]


@pytest.mark.parametrize(
    ("mistake", "code", "message"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_bad_input(mistake: Any, code: str, message: str) -> None:
    line = two_of_a_name.__code__.co_firstlineno
    with pytest.raises(StudioError) as caught, DAG("d") as dag:
        mistake()
        dag.spec()
    assert (caught.value.code, str(caught.value)) == (code, message.format(line + 1, line + 2))
