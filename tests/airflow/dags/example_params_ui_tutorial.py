"""Params of every kind, with what JSON Schema can say of them."""

from __future__ import annotations

from typing import Any

from studio import DAG, Param, task


@task
def show_params(params: dict[str, Any]) -> dict[str, Any]:
    return params


with DAG(
    "example_params_ui_tutorial",
    params={
        "x": 3,
        "text": "Hello World!",
        "flag": False,
        "a_simple_list": ["one", "two", "three"],
        "most_loved_number": Param(42, type="integer", minimum=0, maximum=128, title="Your favourite number"),
        "pick_one": Param("value 42", type="string", enum=[f"value {n}" for n in range(16, 64)]),
        "required_field": Param("You can not trigger without", type="string", min_length=10, max_length=30),
        "optional_field": Param(None, type=["null", "string"], min_length=2),
        "date_time": Param("2023-02-03T12:00:00+00:00", type="string", format="date-time"),
        "date": Param("2023-02-03", type="string", format="date"),
        "time": Param("12:13:14Z", type=["string", "null"], format="time"),
        "multi_select": Param(["two"], type="array", examples=["one", "two", "three"]),
        "array_of_numbers": Param([1, 2, 3], type="array", items={"type": "number"}),
        "array_of_objects": Param(
            [{"name": "account"}],
            type="array",
            items={
                "type": "object",
                "properties": {"name": {"type": "string"}, "country": {"type": "string"}},
                "required": ["name"],
            },
        ),
        "object": Param({"key": "value"}, type=["object", "null"]),
        "pattern": Param("3-fish", type="string", pattern="^[0-9]+-[a-z]+$"),
        "const": Param("constant value", const="constant value"),
    },
):
    show_params("{{ params }}")

with DAG("example_params_without_default", params={"needed": Param(type="integer")}):
    show_params("{{ params }}")
