from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from studio.core.inspection import inspection_of
from studio.core.spec import DagSpec, TaskSpec
from studio.core.task_parameters import task_parameters_schema
from studio.errors import InvalidNotebook, NotANotebook


def content_of(source: str, **metadata: Any) -> bytes:
    cell = {"cell_type": "code", "source": source, "metadata": {"tags": ["parameters"]}, "outputs": []}
    return json.dumps({"cells": [cell], "metadata": metadata, "nbformat": 4, "nbformat_minor": 4}).encode()


def test_an_inspection_says_what_a_notebook_is_and_takes() -> None:
    content = content_of("n: int = 1", kernelspec={"name": "python3"})
    found = inspection_of(content, "x.ipynb")
    assert (found.language, found.kernel_name, found.cells, found.warnings) == ("python", "python3", 1, ())
    assert found.digest == hashlib.sha256(content).hexdigest()
    assert found.parameters["properties"] == {"n": {"type": "integer", "title": "n", "default": 1}}


def test_another_language_takes_anything_and_says_so() -> None:
    found = inspection_of(content_of("n <- 1", kernelspec={"name": "ir", "language": "R"}), "x.ipynb")
    assert found.language == "r"
    assert found.parameters["additionalProperties"] is True
    assert "its `parameters` cell is not read" in found.warnings[0]


@pytest.mark.parametrize("tag", ["timeout=soon", "only-if=a b"])
def test_a_tag_that_no_task_understands_is_warned_of(tag: str) -> None:
    notebook = json.loads(content_of("n: int = 1"))
    notebook["cells"][0]["metadata"]["tags"].append(tag)
    [warning] = inspection_of(json.dumps(notebook).encode(), "x.ipynb").warnings
    assert warning.startswith("No task can run it. The cell at index 0 has the t")
    assert tag.split("=")[1] in warning


def test_what_is_no_notebook_is_refused() -> None:
    with pytest.raises(NotANotebook):
        inspection_of(b"{", "x.ipynb")
    with pytest.raises(InvalidNotebook):
        inspection_of(b"{}", "x.ipynb")


@pytest.mark.parametrize(
    ("value", "described"),
    [
        ("{{ params.m }}", {"type": "integer", "title": "n", "maximum": 9, "default": 5, "x-studio-param": "m"}),
        ("{{- params['m'] -}}", {"type": "integer", "title": "n", "maximum": 9, "default": 5, "x-studio-param": "m"}),
        ("{{ ds }}", {"type": "integer", "title": "n", "readOnly": True, "x-studio-filled-in": "{{ ds }}"}),
        ({"$output": "a"}, {"type": "integer", "title": "n", "readOnly": True, "x-studio-filled-in": {"$output": "a"}}),
        (7, {"type": "integer", "title": "n", "default": 7}),
        ("{{ params.unknown }}", {"type": "integer", "title": "n", "x-studio-param": "unknown"}),
    ],
)  # fmt: skip
def test_a_task_gives_values_params_and_templates(value: Any, described: dict[str, Any]) -> None:
    schema = inspection_of(content_of("n: int"), "x.ipynb").parameters
    task = TaskSpec(id="t", kind="notebook", config={"parameters": {"n": value}})
    dag = DagSpec(id="d", tasks=(task,), params={"m": 5}, param_schemas={"m": {"maximum": 9}})
    found = task_parameters_schema(schema, dag, task)
    assert found["properties"] == {"n": described}
    assert found["required"] == []
    assert schema["required"] == ["n"]
