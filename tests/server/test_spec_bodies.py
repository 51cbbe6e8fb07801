"""A spec that comes as JSON: what is wrong with it is told with its place and with what would fit."""

from __future__ import annotations

import json
from typing import Any

import pytest

from studio.api import models as m
from studio.errors import InvalidInput
from studio.server.request import read_body

AT = "The body is not accepted at spec.tasks[0]"
RANGE = "It must be a whole number from 0 to 100."


def refused(**task: Any) -> str:
    body = {"spec": {"id": "d", "tasks": [{"id": "a", "kind": "function", **task}]}}
    with pytest.raises(InvalidInput) as caught:
        read_body(json.dumps(body).encode(), m.PublishDag)
    return str(caught.value)


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ({"retires": 3}, f"{AT}: Object contains unknown field `retires`. Did you mean 'retries'?"),
        (
            {"retry_rules": [{"exeption": "OSError"}]},
            f"{AT}.retry_rules[0]: Object contains unknown field `exeption`. Did you mean 'exception'?",
        ),
        (
            {"sensor": {"mod": "poke"}},
            f"{AT}.sensor: Object contains unknown field `mod`. Did you mean 'mode'?",
        ),
        ({"retries": "three"}, f"{AT}.retries: Expected `int`, got `str`. {RANGE}"),
        ({"retries": True}, f"{AT}.retries: Expected `int`, got `bool`. {RANGE}"),
        ({"retries": 3.5}, f"{AT}.retries: Expected `int`, got `float`. {RANGE}"),
        (
            {"retries": float("nan")},
            'The body is not valid JSON: NaN is no JSON value. Send for example {"paused": true}.',
        ),
        ({"doc": "\ud800"}, "The text '\\ud800' holds a lone surrogate, which is not valid."),
        ({"params": {"\udfff": 1}}, "The text '\\udfff' holds a lone surrogate, which is not valid."),
        ({"timeout": "30m"}, f"{AT}.timeout: Expected `float | null`, got `str`."),
        ({"interpret": "brach"}, f"{AT}.interpret: Invalid enum value 'brach'. Did you mean 'branch'?"),
        (
            {"expand": {"over": {"x": {"type": "itms", "values": []}}}},
            f"{AT}.expand.over[...].type: Invalid value 'itms'. Did you mean 'items'?",
        ),
    ],
)
def test_what_is_wrong_in_a_task_is_told_with_its_place(task: dict[str, Any], message: str) -> None:
    assert refused(**task) == message
