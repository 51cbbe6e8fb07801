"""Links between tasks and the runs that they triggered."""

from __future__ import annotations

import pytest

from studio.core.model import Run, TaskInstance
from studio.core.origins import Origin, origin_of, origin_text


def run(triggered_by: str, run_type: str = "operator") -> Run:
    return Run(1, "other", "o", run_type, "v", 0.0, triggered_by=triggered_by)  # type: ignore[arg-type]


@pytest.mark.parametrize("map_index", [-1, 0, 12])
def test_text_leads_back_to_the_task(map_index: int) -> None:
    task = TaskInstance(1, 1, "g.go", map_index)
    text = origin_text(Run(1, "main", "manual__2013-01-01T06:00:00+00:00~2", "manual", "v", 0.0), task)
    origin = Origin("main", "manual__2013-01-01T06:00:00+00:00~2", "g.go", map_index)
    assert origin_of(run(text)) == origin


@pytest.mark.parametrize(
    "made",
    [run("ada/b/c", "manual"), run("schedule", "scheduled"), run("d/" + "r" * 246 + "/t"), run("d/r/t[x]")],
)
def test_run_that_no_task_made_or_whose_names_were_cut(made: Run) -> None:
    assert origin_of(made) is None
