"""`python=` and `requirements=` of functions: what stands in the spec, and what is refused."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from studio import DAG, function, task
from studio.errors import StudioError

from . import steps


def config(target: Any = "steps:double", **options: Any) -> dict[str, Any]:
    with DAG("d") as dag:
        function(target, args={"n": 1}, **options)
    return dict(dag.spec().tasks[0].config)


def test_what_is_asked_for_stands_in_the_spec(tmp_path: Path) -> None:
    assert "python" not in config() and "requirements" not in config()
    assert config(python="3.12")["python"] == "3.12"
    assert config(python=sys.executable)["python"] == sys.executable
    assert config(requirements=["polars==1.9 ", "six"])["requirements"] == ["polars==1.9", "six"]


def test_a_file_of_requirements_is_read_when_the_dag_is_published(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    lines = [
        "# of the report",
        "polars==1.9  # frames",
        "",
        "./own",
        "--index-url https://x.org/",
        "six\\",
        ">=1",
    ]
    file.write_text("\n".join(lines))
    with DAG("d") as dag:
        function("steps:double", requirements=file)
    assert dag.spec().tasks[0].config["requirements"] == [
        "polars==1.9", f"{tmp_path}/own", "--index-url https://x.org/", "six >=1",
    ]  # fmt: skip
    file.write_text("six")
    assert dag.spec().tasks[0].config["requirements"] == ["six"]


def test_a_function_of_a_module_travels_as_source_to_another_environment() -> None:
    """What its module imports may not be there; what it uses of it goes along."""
    there = config(steps.load, python="3.12")
    assert there["function"] == "__main__:load"
    assert (
        there["source"]
        == """\
from __future__ import annotations


def load(path: str, **options: Any) -> None:
    \"\"\"Keeps what is at `path`.\"\"\"
"""
    )
    assert config(steps.load)["function"] == f"{steps.__name__}:load"


def test_all_functions_take_an_environment() -> None:
    with DAG("d") as dag:
        task.branch(requirements=["six"])(steps.double)(1)
        task.short_circuit(requirements=["six"])(steps.double)(1)
        task.sensor(requirements=["six"])(steps.double)(1)
    assert [each.config["requirements"] for each in dag.spec().tasks] == [["six"]] * 3


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"python": "/no/python"}, "python is '/no/python', and there is no such interpreter (/no/python)."),
    ({"python": 3.1}, 'python is 3.1; it must be text. Write "3.12".'),
    ({"requirements": "absent.txt"}, "The requirements "),
    ({"requirements": 5}, "requirements is 5; it must be a list."),
    ({"requirements": ["-r other.txt"]}, "requirements holds '-r other.txt'; a line is one requirement"),
    ({"requirements": ["--constraint=x"]}, "requirements holds '--constraint=x'"),
    ({"requirments": ["six"]}, "function(...) takes no 'requirments'. Did you mean 'requirements'?"),
]


@pytest.mark.parametrize(("options", "told"), MISTAKES)
def test_mistakes_are_told(options: dict[str, Any], told: str) -> None:
    with DAG("d"), pytest.raises(StudioError) as caught:
        function("steps:double", **options)
    assert str(caught.value).startswith(told)
