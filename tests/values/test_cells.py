"""What the hidden cells of tasks made of marked cells do: names are kept, or it is said why not and what to do."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from studio.values.attempt import DIRECTORY, AttemptValues, returned_in, values_of_attempt
from studio.values.cells import give, give_item, give_items, items, moment
from studio.values.errors import NameNotGiven, ValueNotKept


@pytest.fixture
def kept(tmp_path: Path) -> Any:
    """Names that were saved, as an attempt records them."""
    found: list[str] = []
    with values_of_attempt(AttemptValues(str(tmp_path), lambda value: found.append(value["name"]))):
        yield found


def test_names_are_kept_in_their_order(kept: list[str]) -> None:
    give("extract", {"a": 1, "b": [2], "c": 3}, {"b": ["report"], "a": []})
    assert kept == ["b", "a"]


def test_a_name_that_is_not_there_is_told_before_anything_is_kept(kept: list[str]) -> None:
    with pytest.raises(NameNotGiven) as caught:
        give("extract", {"a": 1}, {"a": [], "rows": ["report", "check"]})
    assert str(caught.value) == (
        "The task 'extract' has ended without 'rows' for 'report', 'check': on the way that it took, nothing gave that "
        "name a value. Give it one on every way, for example `rows = None` at the top of the cell."
    )
    assert kept == []


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: (n for n in [1]), "Make a list of it: `x = list(x)`."),
        (
            lambda: sqlite3.connect(":memory:"),
            "Open it in a function of a %%setup cell, and call that where 'x' is needed.",
        ),
    ],
)
def test_what_cannot_be_passed_on_is_told_with_the_task_and_a_way_out(
    kept: list[str], make: Callable[[], Any], words: str
) -> None:
    value = make()
    with pytest.raises(ValueNotKept) as caught:
        give("extract", {"x": value}, {"x": ["report"]})
    kind = "generator" if hasattr(value, "send") else "sqlite3.Connection"
    assert str(caught.value) == (
        f"The task 'extract' gives 'x' for 'report', but a {kind} cannot be passed on to another task. {words}"
    )
    value.close()


def test_two_names_of_one_object_are_a_warning(kept: list[str], caplog: pytest.LogCaptureFixture) -> None:
    rows: list[int] = []
    with caplog.at_level(logging.WARNING):
        give("extract", {"a": rows, "b": rows, "c": 1, "d": 1}, {"a": [], "b": [], "c": [], "d": []})
    assert caplog.messages == [
        "The task extract gives a and b, which are one object here. The tasks after it get two: a change of one is not "
        "seen in the other."
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([1, 2], [1, 2]),
        ((1, 2), [1, 2]),
        ({"a": 1}, {"a": 1}),
        (range(2), [0, 1]),
        (np.array([1.5]), [1.5]),
        (pd.Series(["EWR"]), ["EWR"]),
        (pd.Index([3]), [3]),
        ((n for n in "ab"), ["a", "b"]),
    ],
)
def test_what_has_items_can_be_mapped_over(value: object, expected: object) -> None:
    assert items("extract", {"x": value}, "x") == expected


@pytest.mark.parametrize("value", [pd.DataFrame({"a": [1]}), "text", 5])
def test_what_has_no_items_or_several_kinds_of_them_is_refused(value: object) -> None:
    with pytest.raises(ValueNotKept, match="The task 'extract' gives 'x' to be mapped over, but a "):
        items("extract", {"x": value}, "x")


def test_a_date_of_the_context_is_a_datetime() -> None:
    day = moment("2013-01-01T00:00:00+00:00")
    assert day is not None and (day.year, str(day)) == (2013, "2013-01-01T00:00:00+00:00")
    assert moment(None) is None


def test_what_tasks_are_mapped_over_is_returned_however_long_it_is(
    kept: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DIRECTORY, str(tmp_path))
    rows = ["x" * 1000] * 1000
    give_items("extract", {"rows": tuple(rows)}, "rows")
    assert returned_in(str(tmp_path)) == rows
    give_item("extract", {"rows": 5}, "rows")
    assert returned_in(str(tmp_path)) == 5
    assert returned_in(str(tmp_path / "elsewhere")) is None
