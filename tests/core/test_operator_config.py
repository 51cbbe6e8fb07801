"""What a spec may say of an operator's task, whoever wrote it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from studio.core.operator_config import check_operator_config, operator_title
from studio.core.spec import DagSpec, TaskSpec
from studio.core.validation import validate
from studio.errors import InvalidDag, InvalidInput


def spec(**config: Any) -> DagSpec:
    return DagSpec(id="d", tasks=(TaskSpec(id="t", kind="operator", config=config),))


def test_operator_of_a_spec_is_accepted() -> None:
    validate(spec(operator="shell", args={"command": ["ls"]}, directory="/tmp"))
    validate(spec(operator="my_package.operators:Shout", args={}, path=["/tmp"], source="x = 1"))


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({}, "The task 't' names the operator None. Write its name, such as 'shell'"),
        ({"operator": "a b"}, "names the operator 'a b'"),
        ({"operator": "os.system('x')"}, "names the operator"),
        ({"operator": "../x:Y"}, "names the operator"),
        ({"operator": "shell", "arg": {}}, "with 'arg' in its config. Did you mean 'args'?"),
        ({"operator": "shell", "args": []}, "args is []; it must be names with values."),
        ({"operator": "shell", "args": {"a b": 1}}, "'a b' cannot be a parameter"),
        ({"operator": "shell", "path": "x"}, "path is 'x'; it must be a list of directories."),
        ({"operator": "shell", "directory": 3}, "directory is 3; it must be text."),
        ({"operator": "shell", "source": 3}, "source is 3; it must be text."),
    ],
)
def test_what_is_no_operator_is_refused(config: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(said)):
        validate(spec(**config))


def test_operator_can_be_a_branch_and_a_sensor_but_says_how() -> None:
    with pytest.raises(InvalidDag, match="must be both or neither"):
        validate(
            DagSpec(
                id="d",
                tasks=(TaskSpec(id="t", kind="operator", config={"operator": "x"}, interpret="sensor"),),
            )
        )
    check_operator_config({"operator": "shell"}, "The task 't'")


@pytest.mark.parametrize(
    ("name", "title"), [("shell", "shell"), ("package.module:Shout", "Shout"), ("m:Outer.Inner", "Inner")]
)
def test_title_is_what_people_call_it(name: str, title: str) -> None:
    assert operator_title({"operator": name}) == title
