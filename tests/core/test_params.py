from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from studio.core.params import check_params, check_schema, merge_params
from studio.errors import InvalidParameter


def test_the_run_is_over_the_task_and_the_task_over_the_dag() -> None:
    assert merge_params({"a": 1, "b": 1, "c": 1}, {"b": 2, "c": 2}, {"c": (3,)}) == {"a": 1, "b": 2, "c": [3]}


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(
        InvalidParameter, match=r"There is no param 'orgin'. Did you mean 'origin'\?"
    ) as caught:
        merge_params({"origin": "EWR"}, {"limit": 1}, {"orgin": "JFK"})
    assert caught.value.field == "params.orgin"
    with pytest.raises(InvalidParameter, match="declares no params"):
        merge_params({}, {}, {"x": 1})


def test_a_required_param_is_known_by_its_schema() -> None:
    assert merge_params({}, {}, {"day": "x"}, {"day": {"type": "string"}}) == {"day": "x"}


def test_a_value_that_is_not_json_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="Param 'n' is nan"):
        merge_params({"n": 1}, {}, {"n": float("nan")})


@pytest.mark.parametrize(
    ("schema", "value", "said", "example"),
    [
        ({"type": "integer"}, "5", "Param 'n' is '5', but it must be of type integer.", "1"),
        ({"type": "integer"}, True, "must be of type integer", "1"),
        ({"type": ["integer", "null"]}, "x", "must be of type integer or null", "1"),
        ({"type": "integer", "minimum": 3}, 2, "must be at least 3", "3"),
        ({"type": "integer", "exclusiveMaximum": 0}, 0, "must be less than 0", "-1"),
        ({"enum": ["EWR", "JFK"]}, "LGA", "must be one of 'EWR', 'JFK'", "'EWR'"),
        ({"type": "string", "format": "date"}, "2013-02-30", "must have the format date", "'2013-01-31'"),
        (
            {"type": "string", "format": "date-time"},
            "2013-01-31",
            "must have the format date-time",
            "2013-01-31T06",
        ),
        (
            {"type": "string", "pattern": "^[A-Z]{3}$", "examples": ["EWR"]},
            "ewr",
            r"must match the pattern",
            "'EWR'",
        ),
        (
            {"type": "array", "items": {"type": "string"}},
            ["a", 1],
            "Param 'n'[1] is 1, but it must be of type string",
            "[]",
        ),
        ({"type": "array", "uniqueItems": True}, [1, 1], "breaks the rule 'uniqueItems'", "[]"),
    ],
)
def test_a_value_that_breaks_its_rule_is_named_with_an_example(
    schema: dict[str, Any], value: Any, said: str, example: str
) -> None:
    with pytest.raises(InvalidParameter) as caught:
        check_params({"n": value}, {"n": schema})
    assert said in caught.value.message
    assert caught.value.hint is not None and caught.value.hint.startswith("For example: ")
    assert example in caught.value.hint
    assert caught.value.field == "params.n"


def test_values_that_fit_pass_and_others_without_schema_are_not_looked_at() -> None:
    check_params({"n": 5, "x": object()}, {"n": {"type": "integer", "minimum": 5}})


def test_a_param_without_default_is_required() -> None:
    with pytest.raises(InvalidParameter, match=r"Param 'day' has no default, so a run must give it a value."):
        check_params({}, {"day": {"type": "string", "format": "date"}})
    with pytest.raises(InvalidParameter, match="must be of type string"):
        check_params({"day": None}, {"day": {"type": "string"}})


@pytest.mark.parametrize(
    "schema", [{"type": "integr"}, {"minimum": "3"}, {"pattern": "("}, {"properties": []}, {"enum": 1}]
)
def test_a_schema_that_is_none_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameter, match="The schema of param 'n' is no JSON Schema"):
        check_schema("n", schema)


def test_a_default_must_fit() -> None:
    check_schema("n", {"type": "integer"}, 3)
    check_schema("n", {"type": "integer"})
    for refused in (
        lambda: check_schema("n", {"type": "integer"}, "3"),
        lambda: check_schema("n", {"type": "integer", "default": "3"}),
    ):
        with pytest.raises(InvalidParameter, match="The default of param 'n' is '3', but it must be of type"):
            refused()


def test_nothing_is_fetched_for_a_reference() -> None:
    check_schema("n", {"$defs": {"day": {"type": "string"}}, "$ref": "#/$defs/day"}, "x")
    with pytest.raises(InvalidParameter, match=r"refers to 'https://example.org/day', which is not in it"):
        check_schema("n", {"anyOf": [{"$ref": "https://example.org/day"}]})
    for astray in ({"$ref": "#/$defs/day"}, {"$ref": "https://example.org/day"}, {"$ref": "#"}):
        with pytest.raises(InvalidParameter, match="leads nowhere"):
            check_params({"n": 1}, {"n": astray})


def test_without_a_schema_nothing_heavy_is_loaded(repository: Path) -> None:
    script = (
        "import sys\nfrom studio.core.params import check_params, merge_params\n"
        "check_params(merge_params({'a': 1}, {}, {'a': 2}), {})\n"
        "print('jsonschema' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=repository, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
