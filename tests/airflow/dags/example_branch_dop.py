"""A branch by the minute whose ways depend on their own past."""

from __future__ import annotations

from studio import DAG, branch, empty


def choose(minute: int) -> str:
    return "even" if minute % 2 == 0 else "odd"


with DAG("example_branch_dop", default_args={"depends_on_past": True}):
    condition = branch(choose, args={"minute": "{{ logical_date.minute }}"}, task_id="condition")
    condition >> [empty("even"), empty("odd")]
