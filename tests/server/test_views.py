"""How tasks of a spec are shown."""

from __future__ import annotations

import pytest

from studio.core.spec import DagSpec, TaskSpec
from studio.server.views import task_nodes


@pytest.mark.parametrize(
    ("kind", "config", "shown"),
    [
        ("operator", {"operator": "shell"}, ("shell", "shell")),
        ("operator", {"operator": "package.operators:Shout"}, ("Shout", "Shout")),
        ("function", {"function": "steps:load"}, ("function", "load")),
        ("notebook", {"path": "/in/report.ipynb"}, ("notebook", "report.ipynb")),
        ("empty", {}, ("empty", "empty")),
    ],
)
def test_task_is_shown_as_what_people_call_it(
    kind: str, config: dict[str, object], shown: tuple[str, str]
) -> None:
    (node,) = task_nodes(DagSpec(id="d", tasks=(TaskSpec(id="t", kind=kind, config=config),)))
    assert (node.kind, node.label) == shown
