"""`POST /api/cells/check`: what marked cells come to, for whoever watches a notebook while it is written."""

from __future__ import annotations

import asyncio

import pytest

from .conftest import Running

SOURCES = [
    "# Flights",
    "%load_ext studio\n%dag flights --schedule @daily",
    "%%params\nlimit: int = 5",
    "%%task extract\nflights = list(range(limit))",
    "%%task report --retrys 2\nprint(ds, flights)\nprint(flihgts)",
]


async def test_tasks_say_what_they_read_and_give_and_problems_where_they_are(studio: Running) -> None:
    answer = await asyncio.wait_for(studio.http.post("/api/cells/check", json={"cells": SOURCES}), 30)
    assert answer.json() == {
        "dag_id": "flights",
        "tasks": [
            {
                "id": "extract",
                "cell": 3,
                "kind": "notebook",
                "upstream": [],
                "label": "cell",
                "reads": [{"name": "limit", "by": ""}],
                "gives": ["flights"],
            },
            {
                "id": "report",
                "cell": 4,
                "kind": "notebook",
                "upstream": ["extract"],
                "label": "cell",
                "reads": [{"name": "flights", "by": "extract"}, {"name": "ds", "by": ""}],
                "gives": [],
            },
        ],
        "problems": [
            {
                "code": "bad_option",
                "message": "%%task has no option --retrys.",
                "hint": "Did you mean '--retries'?",
                "cell": 4,
                "line": 1,
                "severity": "error",
                "task": "report",
            },
            {
                "code": "unknown_name",
                "message": "'report' reads 'flihgts', which nobody gives.",
                "hint": "Did you mean 'flights'?",
                "cell": 4,
                "line": 3,
                "severity": "error",
                "task": "report",
            },
        ],
    }


async def test_what_the_options_say_is_checked_too(studio: Running) -> None:
    cells = [
        "%dag flights --schedule '0 0 30 2 *'",
        "%%task a --timeout soon\nx = 1",
        "%%task b --trigger-rule often\nprint(x)",
    ]
    found = (await studio.http.post("/api/cells/check", json={"cells": cells})).json()
    assert [(each["code"], each["cell"], each["task"]) for each in found["problems"]] == [
        ("invalid_schedule", 0, None),
        ("bad_option", 1, "a"),
        ("bad_option", 2, "b"),
    ]


async def test_a_notebook_without_marks_has_no_tasks(studio: Running) -> None:
    answer = (await studio.http.post("/api/cells/check", json={"cells": ["x = 1"]})).json()
    assert (answer["dag_id"], answer["tasks"]) == ("", [])
    assert [problem["code"] for problem in answer["problems"]] == ["no_dag"]


async def test_nothing_of_the_cells_is_run(studio: Running) -> None:
    source = "%%task t\nraise SystemExit\n__import__('os')._exit(1)"
    answer = await studio.http.post("/api/cells/check", json={"cells": ["%dag d", source]})
    assert (answer.status_code, [task["id"] for task in answer.json()["tasks"]]) == (200, ["t"])


async def test_what_is_too_large_is_refused(studio: Running) -> None:
    for cells in (["x = 1"] * 2001, ["#" * 2_000_001]):
        answer = await studio.http.post("/api/cells/check", json={"cells": cells})
        assert (answer.status_code, "too large to be checked" in answer.text) == (413, True)


@pytest.mark.parametrize("code", ["(" * 5000, "x = " + "+".join(["1"] * 5000), "\0", "-" * 100_000 + "1"])
async def test_code_that_nobody_can_read_is_a_problem_and_no_failure(studio: Running, code: str) -> None:
    cells = ["%dag d", f"%%task t\n{code}"]
    answer = await studio.http.post("/api/cells/check", json={"cells": cells})
    assert (answer.status_code, [each["cell"] for each in answer.json()["problems"]]) == (200, [1])
