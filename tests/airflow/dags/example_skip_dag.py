"""What becomes of a join after a task that skipped itself."""

from __future__ import annotations

from studio import DAG, Skip, empty, function
from studio.core.spec import TriggerRule


def skip() -> None:
    raise Skip("there is nothing to do")


def pipeline(suffix: str, rule: TriggerRule) -> None:
    skipped = function(skip, task_id=f"skip_operator_{suffix}")
    join = empty(f"join_{suffix}", trigger_rule=rule)
    [skipped, empty(f"always_true_{suffix}")] >> join >> empty(f"final_{suffix}")


with DAG("example_skip_dag"):
    pipeline("1", "all_success")
    pipeline("2", "one_success")
