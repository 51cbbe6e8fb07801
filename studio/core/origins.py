"""Links between a task and the run that it triggered. `Run.triggered_by` names the task instance, for people, too."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from studio.core.model import Attempt, Run, TaskInstance

#: Names hold no `/` and no `[`, so the text can be taken apart; where it was cut (at 250 characters), it cannot.
_ORIGIN: Final = re.compile(r"([^/\[]+)/([^/\[]+)/([^/\[]+)(?:\[(\d+)\])?")


def triggered_run(task: TaskInstance, attempts: Sequence[Attempt]) -> tuple[str, str] | None:
    """DAG and run id of the run that the latest of a task's `attempts` made; None if it has made none yet."""
    details = attempts[-1].details if attempts else {}
    if made := details.get("triggered"):
        return made["dag_id"], made["run_id"]
    resume = task.resume or {}
    if "run_id" in resume and "request" in resume:
        return resume["request"]["dag_id"], resume["run_id"]
    return None


@dataclass(frozen=True, slots=True)
class Origin:
    """A task instance, by the names that people know."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int = -1


def origin_text(run: Run, task: TaskInstance) -> str:
    """`dag/run/task`, with `[index]` of a mapped one."""
    index = f"[{task.map_index}]" if task.map_index >= 0 else ""
    return f"{run.dag_id}/{run.run_id}/{task.task_id}{index}"


def origin_of(run: Run) -> Origin | None:
    """The task instance that triggered a run; None if it was made otherwise, or the names are too long to be kept."""
    match = _ORIGIN.fullmatch(run.triggered_by) if run.run_type == "operator" else None
    if match is None or len(run.triggered_by) >= 250:
        return None
    return Origin(match[1], match[2], match[3], -1 if match[4] is None else int(match[4]))
