from __future__ import annotations

from typing import Any

import pytest

from studio.core.notebook_parameters import check_notebook_parameters, check_parameters
from studio.core.parameter_cell import DetectedParameter, detect_parameters, language_of
from studio.core.parameters import check_names, check_value
from studio.errors import InvalidParameter


def notebook(source: str, tags: list[str] | None = None, **metadata: Any) -> dict[str, Any]:
    cell = {
        "cell_type": "code",
        "source": source,
        "metadata": {"tags": ["parameters"] if tags is None else tags},
    }
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": [cell]}


def test_detect_reads_defaults_annotations_and_comments() -> None:
    found = detect_parameters(
        notebook(
            "day: str = '2013-01-01'  # the day, ISO 8601\n"
            "origins = ['EWR', 'JFK']\n"
            "limit = -3  # at most\n"
            "a = b = None\n"
            "x, y = 1, f()\n"
            "where = root / 'data'\n"
            "late: int\n"
        )
    )
    assert list(found.values()) == [
        DetectedParameter(
            name="day",
            default="2013-01-01",
            has_default_literal=True,
            is_annotated=True,
            type="str",
            help="the day, ISO 8601",
        ),
        DetectedParameter(name="origins", default=["EWR", "JFK"], has_default_literal=True, type="list"),
        DetectedParameter(name="limit", default=-3, has_default_literal=True, type="int", help="at most"),
        DetectedParameter(name="a", has_default_literal=True),
        DetectedParameter(name="b", has_default_literal=True),
        DetectedParameter(name="x", default=1, has_default_literal=True, type="int"),
        DetectedParameter(name="y"),
        DetectedParameter(name="where"),
        DetectedParameter(name="late", is_annotated=True, is_required=True, type="int"),
    ]


def test_detect_passes_over_magics_and_what_is_not_json() -> None:
    source = "%matplotlib inline\n!ls\nif True:\n    n = 1\ndef f():\n    hidden = 1\ns = {1, 2}\nbig = 1e999"
    found = detect_parameters(notebook(source))
    assert {name: p.has_default_literal for name, p in found.items()} == {"n": True, "s": False, "big": False}


def test_detect_without_a_tagged_cell_finds_nothing() -> None:
    assert detect_parameters(notebook("x = 1", tags=[])) == {}


def test_detect_refuses_a_cell_that_is_not_python() -> None:
    with pytest.raises(InvalidParameter, match="not valid Python"):
        detect_parameters(notebook("x = ="))


@pytest.mark.parametrize("name", ["a b", "x=1;print", "import os;x", "", "1x", "class", "None", 3, "x.y"])
def test_names_are_identifiers(name: object) -> None:
    with pytest.raises(InvalidParameter, match="cannot be a parameter"):
        check_names([name])


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(
        InvalidParameter, match=r"report.ipynb has no parameter 'origni'. Did you mean 'origin'\?"
    ):
        check_notebook_parameters({"origni": 1}, notebook("origin = 'EWR'\nday = ''"), "report.ipynb")


def test_a_notebook_without_parameters_cell_says_how_to_tag_one() -> None:
    with pytest.raises(InvalidParameter, match="tag `parameters`"):
        check_notebook_parameters({"x": 1}, notebook("x = 1", tags=[]))


def test_other_languages_are_checked_for_the_form_of_names_only() -> None:
    ruby = notebook("x <- 1", kernelspec={"name": "ir", "language": "R"})
    assert language_of(ruby) == "r"
    assert check_notebook_parameters({"anything": 1}, ruby) == {"anything": 1}
    with pytest.raises(InvalidParameter):
        check_notebook_parameters({"x;system('ls')": 1}, ruby)


def test_values_become_plain_json() -> None:
    assert check_value({"a": (1, 2.5, None), "b": [True, "ä"], "c": 2**80}, "x") == {
        "a": [1, 2.5, None],
        "b": [True, "ä"],
        "c": 2**80,
    }


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (float("nan"), "parameter 'x' is nan"),
        ([1, float("inf")], r"parameter 'x'\[1\] is inf"),
        ({1: 2}, "has the key 1"),
        ({"a": {3}}, r"parameter 'x'\['a'\] is \{3\} of type builtins.set"),
        ("\ud800", "lone surrogate"),
        (b"x", "not a JSON value"),
    ],
)
def test_values_that_are_not_json_are_refused(value: object, said: str) -> None:
    with pytest.raises(InvalidParameter, match=said):
        check_parameters({"x": value}, None)


def test_a_value_nested_without_end_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(InvalidParameter, match="levels deep"):
        check_value(loop, "x")
