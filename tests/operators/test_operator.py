"""Operators of users: how a worker finds, fills and runs them, and what it says if it cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from studio.secrets.delivery import Delivered
from studio.values.attempt import AttemptValues, values_of_attempt
from studio.worker.task import Rendered

from ..worker.conftest import Attempt

HERE = str(Path(__file__).parent)


def config(name: str, **args: Any) -> dict[str, Any]:
    return {"operator": f"shouting:{name}", "args": args, "path": [HERE]}


def test_operator_is_run_with_its_fields_filled_in(attempt: Attempt) -> None:
    attempt.run("operator", config("Shout", text="on {{ ds }}", times="{{ params.n }}", whisper="{{ ds }}"))
    assert (attempt.result.state, attempt.result.value) == ("success", "ON 2013-01-01" * 5 + "{{ ds }}")
    rendered = {"text": "on 2013-01-01", "times": 5, "whisper": "{{ ds }}"}
    assert attempt.result.details == {"rendered": rendered}
    assert Rendered(parameters=rendered) in attempt.events
    assert attempt.log == "shouting on 2013-01-01\n"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"text": "x", "times": "many"}, "InvalidInput: The argument 'times' of Shout is 'many', which does not fit: "
         "Expected `int`, got `str`. It must be int."),
        ({"text": "x", "tims": 1}, "InvalidInput: Shout(...) takes no 'tims'. Did you mean 'times'?"),
        ({"times": 1}, "InvalidInput: Shout(...) needs the argument 'text'. It is what is said."),
        ({"text": "x", "times": "{{ params.n - 9 }}"}, "InvalidInput: times is negative."),
    ],
)  # fmt: skip
def test_operator_with_wrong_arguments_fails_and_says_which(
    attempt: Attempt, args: dict[str, Any], said: str
) -> None:
    attempt.run("operator", config("Shout", **args))
    assert (attempt.result.state, attempt.result.error) == ("failed", said)


def test_operator_that_is_not_there_is_not_found(attempt: Attempt) -> None:
    attempt.run("operator", {"operator": "shel"})
    assert attempt.result.error is not None
    assert attempt.result.error.startswith("NotFound: There is no operator 'shel'. Did you mean 'shell'?")


def test_cells_become_a_notebook(attempt: Attempt) -> None:
    attempt.run("operator", config("Showing", values=[{"a": 1}, "text"]))
    assert (attempt.result.state, attempt.result.value) == ("success", 2)
    cells = attempt.output.cells
    assert [(cell.source, cell.metadata.papermill.status) for cell in cells] == [
        ("value 0", "completed"),
        ("value 1", "completed"),
    ]
    stream, shown = cells[0].outputs
    assert (stream.name, stream.text) == ("stdout", "look:\n")
    assert shown.data == {"application/json": {"a": 1}, "text/plain": '{\n  "a": 1\n}'}
    assert [(change.state, change.source) for change in attempt.changes(1)][-1] == ("success", "value 1")


def test_error_within_a_cell_is_shown_in_it(attempt: Attempt) -> None:
    attempt.run("operator", config("Showing", values=[1], fails=True))
    assert attempt.result.state == "failed"
    error = attempt.output.cells[0].outputs[-1]
    assert (error.output_type, error.ename, error.evalue) == ("error", "ValueError", "as asked")
    assert attempt.changes(0)[-1].state == "failed"


def test_sensor_of_a_user_waits(attempt: Attempt, tmp_path: Path) -> None:
    path = str(tmp_path / "late")
    context = {"interpret": "sensor", "sensor": {"mode": "reschedule"}}
    attempt.run("operator", config("Arrived", path=path), context=context)
    assert attempt.result.state == "rescheduled"
    Path(path).touch()
    attempt.run("operator", config("Arrived", path=path), context=context)
    assert (attempt.result.state, attempt.result.value) == ("success", path)


def test_operator_has_the_connections_and_variables_that_were_delivered(attempt: Attempt) -> None:
    secrets = Delivered(
        connections={"db": {"type": "sqlite", "schema": "/tmp/x.db", "password": "secret"}},
        variables={"n": [1]},
    )
    attempt.run("operator", config("Asks", connection="db", variable="n"), secrets=secrets)
    assert attempt.result.value == ["sqlite://:secret@//tmp/x.db", [1]]
    attempt.run("operator", config("Asks", connection="dp", variable="n"), secrets=secrets)
    assert attempt.result.error == ("NotFound: The connection 'dp' was not given to this task. Known: db.")
    attempt.run("operator", config("Asks", connection="db", variable="m"))
    assert attempt.result.error is not None
    assert attempt.result.error.endswith("Declare it where the task is defined: connections=['db'].")


def test_operator_takes_loads_and_returns_any_value(attempt: Attempt, tmp_path: Path) -> None:
    store = str(tmp_path / "values")
    kept: list[dict[str, Any]] = []
    with values_of_attempt(AttemptValues(store, kept.append)) as values:
        table = values.kept(pd.DataFrame({"n": [1, 2]}))
        values.save("kept", pd.DataFrame({"n": [40]}))
    saved = {"$value": kept[-1]["digest"], **{name: kept[-1][name] for name in ("format", "type", "size")}}
    context = {
        "outputs": {"make": {"a": table}, "each": [table, table]},
        "saved": {"make": {"kept": saved}},
    }
    args = {"first": {"$output": "make", "key": "a"}, "others": {"$output": "each"}}
    attempt.run("operator", config("Totals", **args), context=context, values=store)
    assert attempt.result.error is None
    assert attempt.result.value == {"sums": [3, 3, 3, 40], "first": table}
    assert [each["name"] for each in attempt.result.details["values"]] == ["first", "return_value.first"]
