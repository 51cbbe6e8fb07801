"""Whatever stands in a spec: it is refused in words, or the machine can lay it out. Never a traceback."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import msgspec

from studio.core.layout import layout_of
from studio.core.spec import DagSpec
from studio.core.validation import validate
from studio.errors import StudioError

SEEDS = 1500

SPEC: dict[str, Any] = {
    "id": "d", "timezone": "Europe/Vienna", "start_date": "2026-01-01", "run_timeout": 60.0,
    "schedule": {"type": "cron", "expression": "@daily"}, "max_active_tasks_per_dag": 3, "pause_after_failures": 2,
    "params": {"n": 1, "xs": [1, 2]}, "param_schemas": {"n": {"type": "integer"}},
    "groups": [
        {"id": "g", "expand": {"over": {"day": {"type": "output", "task": "a"}}}},
        {"id": "g.h", "parent": "g", "expand": {"by": "kwargs", "over": {"": {"type": "items", "values": [{"x": 1}]}}}},
    ],
    "deadlines": [
        {"reference": "fixed", "at": "2026-02-01", "callback": {"on": "deadline", "function": "m:f"}},
        {"reference": "average_runtime", "runs": 3},
    ],
    "callbacks": [{"on": "failure", "function": "m:f", "args": {"a": 1}}],
    "tasks": [
        {
            "id": "a", "kind": "function", "config": {"function": "m:a", "args": {"x": "{{ ds }}"}}, "retries": 2,
            "retry_rules": [{"exception": "OSError", "delay": 5.0}], "outlets": [{"name": "x"}],
            "callbacks": [{"on": "retry", "function": "m:f"}],
        },
        {
            "id": "b", "kind": "function", "upstream": ["a"], "interpret": "branch",
            "config": {"args": {"x": {"$output": "a", "key": "k"}}},
        },
        {"id": "s", "kind": "function", "role": "setup"},
        {
            "id": "w", "kind": "function", "upstream": ["s", "b"],
            "expand": {
                "over": {
                    "x": {"type": "zip", "sources": [{"type": "output", "task": "a"}, {"type": "param", "name": "xs"}]},
                    "y": {"type": "map", "source": {"type": "items", "values": [1, 2]}, "function": "m:f"},
                }
            },
        },
        {
            "id": "t", "kind": "function", "upstream": ["s", "w"], "role": "teardown", "setups": ["s"],
            "trigger_rule": "all_done_setup_success",
        },
        {
            "id": "g.m", "kind": "function", "group": "g", "upstream": ["a"],
            "config": {"args": {"d": {"$mapped": "day"}}},
        },
        {
            "id": "g.h.n", "kind": "notebook", "group": "g.h", "upstream": ["g.m"],
            "config": {"parameters": {"d": {"$mapped": "x"}}},
        },
        {
            "id": "look", "kind": "function", "interpret": "sensor",
            "sensor": {"mode": "reschedule", "poke_interval": 5.0},
        },
        {
            "id": "ask", "kind": "approval",
            "config": {
                "subject": "?", "options": ["Approve", "Reject"], "default": ["Approve"], "timeout": 5,
                "on_reject": "fail", "params": {"n": 1}, "param_schemas": {"n": {"type": "integer"}},
            },
        },
        {
            "id": "choose", "kind": "approval", "interpret": "branch",
            "config": {"subject": "?", "options": ["later", "g"]},
        },
        {"id": "later", "kind": "wait", "upstream": ["choose"], "config": {"time": "14:30"}},
        {"id": "g.z", "kind": "empty", "group": "g", "upstream": ["choose", "a"]},
        {"id": "until", "kind": "wait", "config": {"at": "2026-01-01T00:00"}},
        {"id": "past", "kind": "wait", "config": {"reference": "logical_date", "seconds": -5}},
        {"id": "newest", "kind": "latest_only"},
    ],
}  # fmt: skip
VALUES: list[Any] = [
    None, True, False, 0, -1, 1, 3.5, 1e308, float("nan"), float("inf"), 2**62, "", "x", "a", "g", "g.h", "{{ x }}",
    "../x", "é", "\x00", [], {}, [1], ["a"], [[]], {"a": 1}, {"$output": "a"}, {"$output": 1}, {"$output": ["a"]},
    {"$mapped": "day"}, {"$mapped": [1]}, {"type": "output", "task": "w"}, {"type": "items", "values": []},
    {"type": "zip", "sources": []}, {"$ref": "#/x"}, {"type": 5}, "Europe/Nowhere", "2026-13-01", "logical_date",
    "branch", "sensor", "setup", "teardown", "empty", "wait", "approval", "always", "all_done", 10**9,
]  # fmt: skip


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from _places(value[key], (*path, key))


def _mutated(random: Random) -> Any:
    """The spec with another value, or none, somewhere; or with one thing there twice."""
    spec = json.loads(json.dumps(SPEC))
    for _ in range(random.choice((1, 1, 2, 3))):
        *path, key = random.choice(list(_places(spec)))
        inner = spec
        for step in path:
            inner = inner[step]
        action = random.random()
        if action < 0.65:
            inner[key] = random.choice(VALUES)
        elif action < 0.8:
            del inner[key]
        elif isinstance(inner, dict):
            inner[random.choice(("x", "", "a b", "key", "$output", "timeout", "at"))] = random.choice(VALUES)
        else:
            inner.append(json.loads(json.dumps(inner[key])))
    return spec


def test_specs_with_anything_in_them_are_refused_in_words_or_can_be_laid_out() -> None:
    layout_of(msgspec.convert(SPEC, DagSpec))
    seen: Counter[str] = Counter()
    for seed in range(SEEDS):
        try:
            spec = msgspec.convert(_mutated(Random(seed)), DagSpec)
            validate(spec)
        except (msgspec.ValidationError, StudioError) as error:
            seen[type(error).__name__] += 1
            assert str(error)
        else:
            seen["valid"] += 1
            layout_of(spec)
    assert min(seen["valid"], seen["InvalidDag"]) > SEEDS / 20, seen
