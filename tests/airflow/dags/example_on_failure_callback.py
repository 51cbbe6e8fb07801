"""Functions that are called when tasks and runs end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from studio import DAG, Callback, Fail, Skip, function


def note(context: dict[str, Any], file: str, prefix: str = "") -> None:
    who = context.get("task_id") or "the run"
    line = f"{prefix}{context['event']} of {who}, try {context.get('try_number', '-')}: {context['reason'] or '-'}"
    with Path(file).open("a") as lines:
        lines.write(f"{line}\n")


def broken(context: dict[str, Any]) -> None:
    raise RuntimeError("a callback that fails")


def work(how: str) -> None:
    if how == "skip":
        raise Skip("nothing to do")
    if how == "fail":
        raise Fail("not possible")
    if how == "retry":
        raise RuntimeError("not this time")


TOLD = Callback(note, {"file": "{{ params.file }}"})
EVERYTHING = {"on_success": TOLD, "on_failure": [broken, TOLD], "on_retry": TOLD, "on_skipped": TOLD}

with DAG(
    "example_on_failure_callback",
    params={"file": ""},
    on_success=TOLD,
    on_failure=Callback(note, {"file": "{{ params.file }}", "prefix": "DAG: "}),
    default_args=EVERYTHING,
):
    function(work, args={"how": ""}, task_id="good")
    function(work, args={"how": "skip"}, task_id="skipped")
    function(work, args={"how": "fail"}, task_id="failed", retries=2) >> function(
        work, args={"how": ""}, task_id="next"
    )
    function(work, args={"how": "retry"}, task_id="retried", retries=1, retry_delay=0.1)

with DAG(
    "example_on_success_callback",
    params={"file": ""},
    on_success=TOLD,
    on_failure=TOLD,
):
    function(work, args={"how": ""}, task_id="good")
