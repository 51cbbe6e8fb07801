"""Every trigger rule, after tasks that succeeded, failed, skipped themselves, or could not run."""

from __future__ import annotations

from itertools import combinations
from typing import Final, get_args

from studio import DAG, Fail, Skip, empty, function
from studio.authoring.tasks import Task
from studio.core.spec import TriggerRule

KINDS: Final = ("success", "failed", "skipped", "upstream_failed")


def end(how: str) -> None:
    if how == "failed":
        raise Fail("as it was told")
    if how == "skipped":
        raise Skip("as it was told")


def build(order: tuple[str, ...]) -> None:
    """Parents that end in this order, and a task for each rule and each choice of one or two of them."""
    parents: dict[str, Task] = {}
    last: list[Task] = []
    for how in order:
        parents[how] = function(end, args={"how": how}, task_id=how, after=last, trigger_rule="all_done")
        last = [parents[how]]
        if how == "failed":
            parents["upstream_failed"] = empty("upstream_failed", after=last)
    for rule in get_args(TriggerRule):
        for size in (1, 2):
            for some in combinations(KINDS, size):
                empty(f"{rule}.{'-'.join(some)}", trigger_rule=rule, after=[parents[how] for how in some])


with DAG("example_trigger_rules", max_active_tasks=64):
    build(("success", "failed", "skipped"))

with DAG("example_trigger_rules_skipped_first", max_active_tasks=64):
    build(("skipped", "success", "failed"))
