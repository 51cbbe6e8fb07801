"""One of four ways is taken, and all of them meet again."""

from __future__ import annotations

from studio import DAG, Param, branch, empty


def choose(option: str) -> str:
    return f"branch_{option}"


with DAG("example_branch_operator", params={"option": Param("a", enum=["a", "b", "c", "d"])}):
    first = empty("run_this_first")
    branching = branch(choose, args={"option": "{{ params.option }}"}, task_id="branching", after=first)
    join = empty("join", trigger_rule="none_failed_min_one_success")
    for option in ("a", "b", "c", "d"):
        branching >> empty(f"branch_{option}") >> empty(f"follow_{option}") >> join
