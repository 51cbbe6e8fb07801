"""A spec that was accepted never makes the machine raise: random specs, good and broken ones, are published and run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from random import Random
from typing import Any, Final

import msgspec

from studio.core.spec import DagSpec, TaskSpec, decode
from studio.core.validation import validate
from studio.errors import StudioError
from tests.core.driver import Driver
from tests.simulation.features import FEATURES, Draft, draft_of

FIRST_SEED, SEEDS = 0, 600
#: What somebody may write in the place of something else.
ODD: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 3.5, 1e308, 10**30, "", "a b", "\x00", "💥", "t0", "t1", "g", [], {}, [None], ["t1"],
    {"$output": "t0"}, {"$mapped": "x"}, {"$output": 5}, {"type": "output", "task": "t0"}, {"type": "zip"},
    {"type": "items", "values": [1]}, "2013-01-01", "0001-01-01", "9999-12-31", "24:00", "m:f", "branch", "teardown",
    "setup", "always", "all_done_setup_success", "approval", "wait", "notebook", "kwargs", "fixed", "{% for",
)  # fmt: skip
#: What tasks may return, whether others can do something with it or not.
VALUES: Final[tuple[Any, ...]] = (
    None, True, 0, 3.5, "t0", "g", ["t1"], ["t0", "nowhere"], [], [1, 2], {"a": 1}, [{"x": 1}, {"y": 2}], {"x": [1]},
)  # fmt: skip
STATES: Final = ("success", "success", "success", "success", "failed", "skipped", "cancelled", "rescheduled")
FIELDS: Final = {
    kind: tuple(field.name for field in msgspec.structs.fields(kind)) for kind in (DagSpec, TaskSpec)
}


def source(random: Random, producers: list[str], depth: int = 0) -> Draft:
    """Something to map over."""
    made: list[Draft] = [
        {"type": "items", "values": random.choice([[], [1, 2, 3], {"a": 1}, [{"x": 1, "y": 2}]])},
        {"type": "param", "name": "p"},
        *({"type": "output", "task": name} for name in producers),
    ]
    if depth < 3:
        parts = [source(random, producers, depth + 1) for _ in range(random.randint(1, 2))]
        made += [
            {"type": "zip", "sources": parts, "longest": random.random() < 0.5},
            {"type": "concat", "sources": parts},
            {"type": "map", "source": parts[0], "function": "m:f"},
        ]
    return random.choice(made)


def expansion(random: Random, producers: list[str]) -> Draft:
    if random.random() < 0.3:
        return {"by": "kwargs", "over": {"": source(random, producers)}}
    return {"over": {name: source(random, producers) for name in random.sample("xyz", random.randint(1, 2))}}


def draft(random: Random) -> Draft:
    """A DAG as JSON, with more mappings, references and dates than the simulation has; often somewhat broken."""
    made = draft_of(random, "d", 6)
    for feature in FEATURES:
        if random.random() < 0.25:
            feature(random, made)
    made["params"] = random.choice([{"p": [1, 2]}, {"p": {"a": 1}}, {"p": 3}])
    made["timezone"] = random.choice(["UTC", "Europe/Berlin", "Australia/Lord_Howe"])
    if random.random() < 0.3:
        made["deadlines"] = [
            {"reference": random.choice(["logical_date", "queued_at", "average_runtime"]), "after": 5.0},
            {"reference": "fixed", "at": random.choice(["1970-01-12T13:47", "1900-01-01", "2199-12-31"])},
        ]
    if random.random() < 0.4:
        made["groups"] = [*made.get("groups", []), {"id": "h", "expand": expansion(random, [])}]
        made["groups"].append({"id": "h.i", "parent": "h", "expand": {"over": {"y": source(random, [])}}})
        for task in random.sample(made["tasks"], random.randint(1, len(made["tasks"]))):
            task["group"] = random.choice(["h", "h.i"])
    for task in made["tasks"]:
        if random.random() < 0.3:
            task["expand"] = expansion(random, task["upstream"])
        if random.random() < 0.2 and task["kind"] == "function" and task["upstream"]:
            args = {"v": [{"$output": random.choice(task["upstream"]), "key": "a"}], "w": "{{ outputs }}"}
            task["config"] = {**task.get("config", {}), "args": args}
        if random.random() < 0.1:
            task |= {"kind": "wait", "config": dict(random.choice(WAITS))}
        if random.random() < 0.1:
            below = [other["id"] for other in made["tasks"] if task["id"] in other["upstream"]]
            task |= {
                "kind": "approval",
                "config": {"subject": "?", "options": below or ["Approve"], "timeout": 5},
            }
            if random.random() < 0.5:
                task["interpret"] = "branch"
    for _ in range(random.choice((0, 0, 0, 0, 1, 1, 2, 4))):
        damage(random, made)
    return made


WAITS: Final[tuple[Draft, ...]] = (
    {"seconds": 0}, {"seconds": 1e8}, {"at": "1970-01-12T13:47"}, {"at": "2199-12-31"}, {"time": "23:59:59"},
    {"time": "2:30"}, {"reference": "logical_date", "seconds": -60}, {"reference": "data_interval_end"},
)  # fmt: skip


def damage(random: Random, made: Draft) -> None:
    """Set a field, or replace or remove something that is there."""
    if random.random() < 0.3:
        made[random.choice(FIELDS[DagSpec])] = deepcopy(random.choice(ODD))
        return
    if random.random() < 0.4 and isinstance(made.get("tasks"), list):
        tasks = [task for task in made["tasks"] if isinstance(task, dict)]
        if tasks:
            random.choice(tasks)[random.choice(FIELDS[TaskSpec])] = deepcopy(random.choice(ODD))
            return
    holder, key = random.choice(list(places(made)))
    if random.random() < 0.2 and isinstance(holder, dict):
        del holder[key]
    else:
        holder[key] = deepcopy(random.choice(ODD))


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (dict or list, key) in it."""
    for key, item in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, key
        if isinstance(item, (dict, list)):
            yield from places(item)


def run(random: Random, spec: DagSpec) -> None:
    """Publish and trigger it, end its tasks at random, tell it this and that. Commands may be refused."""
    driver = Driver()
    driver.publish(spec)
    run_id = driver.command("trigger", {"params": random.choice([{}, {"p": [1]}, {"p": None}])}).result.get(
        "run_id"
    )
    names = [task.id for task in spec.tasks]
    for _ in range(30):
        open_ones = [
            name for name, launch in driver.launched.items() if launch.attempt_id not in driver._ended
        ]
        chance = random.random()
        if chance < 0.7 and open_ones:
            name, state = random.choice(open_ones), random.choice(STATES)
            signal = {"until": driver.now + 5} if state == "rescheduled" else {}
            driver.end(name, state, value=random.choice(VALUES), **signal)
        elif chance < 0.9 or run_id is None:
            driver.pass_time(random.choice((0, 1, 60)))
        else:
            task_id = random.choice(names)
            driver.command("clear", {"run_id": run_id, "task_ids": [task_id]})
            value = random.choice(VALUES)
            driver.command(
                "mark", {"run_id": run_id, "task_ids": [task_id], "state": "success", "value": value}
            )
            driver.command(
                "respond", {"run_id": run_id, "task_id": task_id, "options": [random.choice(names)]}
            )


def test_what_is_accepted_runs_and_what_is_not_is_refused_in_words() -> None:
    ends: Counter[str] = Counter()
    for seed in range(FIRST_SEED, FIRST_SEED + SEEDS):
        random = Random(seed)
        text = json.dumps(draft(random))
        try:
            spec = decode(text)
            validate(spec)
        except (msgspec.ValidationError, StudioError) as refusal:
            ends["refused"] += 1
            assert str(refusal), f"seed {seed}"
            continue
        try:
            run(random, spec)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {text}") from error
        ends["ran"] += 1
    assert min(ends["refused"], ends["ran"]) > SEEDS // 5, ends
