from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from studio.core.notebook_parameters import NotebookParameters
from studio.core.parameter_cell import detect_parameters
from studio.core.parameter_schema import annotation_schema, parameters_schema
from studio.errors import InvalidParameter

from .test_parameters import notebook


def parameters(source: str) -> NotebookParameters:
    return NotebookParameters(notebook(source), "report.ipynb")


def test_a_schema_has_types_defaults_and_help_in_the_order_of_the_cell() -> None:
    source = (
        "day: datetime.date  # which day\n"
        "origin: Literal['EWR', 'JFK'] = 'EWR'\n"
        "limit = 10\n"
        "rate: float = 1\n"
        "anything = None\n"
        "made = compute()\n"
    )
    schema = parameters_schema(detect_parameters(notebook(source)).values(), "report.ipynb")
    Draft202012Validator.check_schema(schema)
    assert list(schema["properties"]) == ["day", "origin", "limit", "rate", "anything", "made"]
    assert schema == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "title": "report.ipynb",
        "properties": {
            "day": {"type": "string", "format": "date", "title": "day", "description": "which day"},
            "origin": {"enum": ["EWR", "JFK"], "title": "origin", "default": "EWR"},
            "limit": {"type": "number", "x-studio-inferred": True, "title": "limit", "default": 10},
            "rate": {"type": "number", "title": "rate", "default": 1},
            "anything": {"title": "anything", "default": None},
            "made": {"title": "made"},
        },
        "required": ["day"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        ("int", {"type": "integer"}),
        ("'int'", {"type": "integer"}),
        ("list", {"type": "array"}),
        ("list[int]", {"type": "array", "items": {"type": "integer"}}),
        ("typing.List[Frame]", {"type": "array"}),
        ("dict[str, float]", {"type": "object", "additionalProperties": {"type": "number"}}),
        ("dict[int, float]", {}),
        ("tuple[int, ...]", {"type": "array", "items": {"type": "integer"}}),
        (
            "tuple[int, str]",
            {
                "type": "array",
                "prefixItems": [{"type": "integer"}, {"type": "string"}],
                "minItems": 2,
                "maxItems": 2,
            },
        ),
        ("Optional[int]", {"type": ["integer", "null"]}),
        ("int | str | None", {"type": ["integer", "string", "null"]}),
        ("Union[int, float]", {"type": ["integer", "number"]}),
        ("list[int] | None", {"type": ["array", "null"], "items": {"type": "integer"}}),
        ("Literal['a', 'b'] | None", {"enum": ["a", "b", None]}),
        ("int | Literal['all']", {"anyOf": [{"type": "integer"}, {"enum": ["all"]}]}),
        ("int | Frame", {}),
        ("Annotated[int, 'at least 1']", {"type": "integer"}),
        ("datetime.datetime", {"type": "string", "format": "date-time"}),
        ("pandas.DataFrame", {}),
        ("other.int", {}),
        ("Literal[f()]", {}),
        ("x +", {}),
        ("[" * 500, {}),
    ],
)
def test_annotations_become_schemas(annotation: str, schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(annotation_schema(annotation))
    assert annotation_schema(annotation) == schema


def test_the_type_comment_of_papermill_is_an_annotation() -> None:
    found = detect_parameters(notebook("n = 1  # type: int how many"))["n"]
    assert (found.type, found.is_annotated, found.help) == ("int", True, "how many")


def test_what_is_annotated_and_assigned_apart_has_both() -> None:
    for source in ("n: int\nn = 3  # how many", "n = 3  # how many\nn: int"):
        found = detect_parameters(notebook(source))["n"]
        assert (found.type, found.default, found.is_required, found.help) == ("int", 3, False, "how many")


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("n: int = 1", 5),
        ("n: float = 1.5", 5),
        ("n: int = None", None),
        ("n: Optional[str] = None", "x"),
        ("n: date", "2013-01-31"),
        ("n: datetime", "2013-01-31T06:30:00+01:00"),
        ("n: Frame = None", {"a": [1]}),
        ("n = None", "anything"),
        ("n = 1", 1.5),
        ("n = 1", "5"),
        ("n = 'x'", 5),
        ("n: list[int] = []", [1, 2]),
        ("n: tuple[int, str] = (1, 'a')", (2, "b")),
    ],
)
def test_values_that_fit(source: str, value: Any) -> None:
    checked = parameters(source).check({"n": value})["n"]
    assert checked == (list(value) if isinstance(value, tuple) else value)


@pytest.mark.parametrize(
    ("source", "value", "said"),
    [
        (
            "n: int = 1",
            "5",
            "The parameter 'n' of report.ipynb is '5', but it must be of type integer. For example: 1.",
        ),
        ("n: int = 1", 1.5, "'n' of report.ipynb is 1.5, but it must be of type integer"),
        ("n: int = 1", 5.0, "is 5.0, but it must be of type integer"),
        ("n: int = 1", True, "is True, but it must be of type integer"),
        ("n: int = 1", None, "is None, but it must be of type integer"),
        ("n: list[int] = []", [1, "b"], r"'n' of report.ipynb\[1\] is 'b', but it must be of type integer"),
        ("n: list[int] = []", [5.0], r"\[0\] is 5.0, but it must be of type integer"),
        (
            "n: Literal['a', 'b'] = 'a'",
            "c",
            "is 'c', but it must be one of 'a', 'b'. For example: 'a'.",
        ),
        (
            "n: date",
            "31.1.2013",
            "is '31.1.2013', but it must have the format date. For example: '2013-01-31'",
        ),
        ("n: dict[str, float] = {}", {"a": "b"}, r"\['a'\] is 'b', but it must be of type number"),
    ],
)
def test_values_that_break_an_annotation_are_refused(source: str, value: Any, said: str) -> None:
    with pytest.raises(InvalidParameter, match=said) as caught:
        parameters(source).check({"n": value})
    assert caught.value.field == "parameters.n"


def test_a_value_of_another_type_than_the_default_is_remarked() -> None:
    remarks = parameters("n = 1\nday = 'x'\nrate: float = 1").remarks({"n": "5", "day": "y", "rate": 2})
    assert remarks == [
        "The parameter 'n' is '5', while its default is 1. Annotate it in the notebook if that is a mistake."
    ]
    assert parameters("n = 1\nm = None\nk = [1]").remarks({"n": 2.5, "m": "x", "k": None}) == []


def test_text_of_a_template_for_a_number_hints_at_expressions() -> None:
    with pytest.raises(
        InvalidParameter, match=r"must be of type integer.*One expression with nothing around"
    ):
        parameters("n: int = 1").check({"n": "15"}, written={"n": "1{{ params.n }}"})


def test_what_is_filled_in_later_is_not_judged_by_its_type() -> None:
    values = {"n": "{{ params.n }}", "m": {"$output": "first"}, "k": ["{{ ds }}"]}
    assert parameters("n: int = 1\nm: int = 1\nk: list[int] = []").check_written(values) == values
    with pytest.raises(InvalidParameter, match="must be of type integer"):
        parameters("n: int = 1").check_written({"n": "five"})
    with pytest.raises(InvalidParameter, match="has no parameter 'o'"):
        parameters("n: int = 1").check_written({"o": "{{ ds }}"})


def test_a_parameter_that_is_only_annotated_has_to_be_given() -> None:
    asked = parameters("day: str\nn = 1")
    assert asked.check({"day": "x"}) == {"day": "x"}
    with pytest.raises(InvalidParameter, match=r"report.ipynb needs the parameter 'day'.*`day: str`"):
        asked.check({"n": 2})
    with pytest.raises(InvalidParameter, match="needs the parameter 'day'"):
        asked.check({})


def test_a_cell_that_cannot_be_read_matters_only_if_values_are_given() -> None:
    assert parameters("x = =").check({}) == {}
    with pytest.raises(InvalidParameter, match="not valid Python"):
        parameters("x = =").check({"x": 1})


def test_another_language_takes_any_name() -> None:
    asked = NotebookParameters(notebook("x <- 1", kernelspec={"name": "ir", "language": "R"}), "r.ipynb")
    assert asked.check({"x": datetime.date(2013, 1, 1).isoformat()}) == {"x": "2013-01-01"}
    assert asked.schema()["additionalProperties"] is True
    json.dumps(asked.schema())


def test_a_number_that_json_readers_would_change_is_not_part_of_the_schema() -> None:
    schema = parameters(
        "n = 2**70\nm = [1180591620717411303424]\nk: Literal[1180591620717411303424]"
    ).schema()
    assert schema["properties"]["m"] == {"type": "array", "x-studio-inferred": True, "title": "m"}
    assert schema["properties"]["k"] == {"title": "k"}
    assert parameters("n: int = 1").check({"n": 2**70}) == {"n": 2**70}
