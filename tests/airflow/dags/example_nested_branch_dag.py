"""Branches within branches: every join lets a way through that was not taken."""

from __future__ import annotations

from typing import Final

from studio import DAG, chain, empty, task

RULE: Final = "none_failed_min_one_success"


@task.branch
def branch_1(way: str) -> str:
    return way


@task.branch
def branch_2(way: str) -> str:
    return way


with DAG("example_nested_branch_dag", params={"outer": "true_1", "inner": "true_2"}):
    outer = branch_1("{{ params.outer }}")
    join_1 = empty("join_1", trigger_rule=RULE)
    true_1 = empty("true_1")
    false_1 = empty("false_1")
    inner = branch_2("{{ params.inner }}")
    join_2 = empty("join_2", trigger_rule=RULE)
    true_2 = empty("true_2")
    false_2 = empty("false_2")
    false_3 = empty("false_3")

    chain(outer, true_1, join_1)
    chain(outer, false_1, inner, [true_2, false_2], [join_2, join_2])
    chain(join_2, false_3, join_1)
