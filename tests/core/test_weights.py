"""Priority weights, compared with sums over sets of task ids."""

from __future__ import annotations

import random
from typing import Any

import pytest

from studio.core.graph import graph_of
from studio.core.spec import DagSpec, TaskSpec
from studio.core.weights import weights


def task(task_id: str, *upstream: str, **options: Any) -> TaskSpec:
    return TaskSpec(id=task_id, kind="function", upstream=upstream, **options)


def dag(*tasks: TaskSpec) -> DagSpec:
    return DagSpec(id="d", tasks=tasks)


def layers(depth: int, width: int, **options: Any) -> DagSpec:
    """Every task of a layer waits for every task of the one before."""
    names = [tuple(f"t{layer}_{n}" for n in range(width)) for layer in range(depth)]
    return dag(
        *(
            task(name, *(names[layer - 1] if layer else ()), **options)
            for layer in range(depth)
            for name in names[layer]
        )
    )


def test_downstream_counts_each_descendant_once() -> None:
    diamond = dag(task("a"), task("b", "a"), task("c", "a"), task("d", "b", "c"), task("alone"))
    assert weights(diamond) == {"a": 4, "b": 2, "c": 2, "d": 1, "alone": 1}


def test_each_task_has_a_rule_of_its_own() -> None:
    mixed = dag(
        task("a", priority_weight=5),
        task("b", "a", priority_weight=7, weight_rule="upstream"),
        task("c", "b", priority_weight=-20, weight_rule="absolute"),
        task("d", "c", priority_weight=2, weight_rule="upstream"),
    )
    assert weights(mixed) == {"a": 5 + 7 - 20 + 2, "b": 7 + 5, "c": -20, "d": 2 - 20 + 7 + 5}


def test_weights_stay_within_32_bits() -> None:
    most, least = 2**31 - 1, -(2**31)
    heavy = dag(
        task("a", priority_weight=2**40),
        task("b", "a", priority_weight=most),
        task("c", priority_weight=-(2**40), weight_rule="absolute"),
        task("d", "c", priority_weight=least, weight_rule="upstream"),
    )
    assert weights(heavy) == {"a": most, "b": most, "c": least, "d": least}


@pytest.mark.parametrize("seed", range(40))
def test_weights_are_sums_over_all_that_is_reached(seed: int) -> None:
    chance = random.Random(seed)
    names = [f"t{n}" for n in range(chance.randint(1, 40))]
    tasks = [
        task(
            name,
            *chance.sample(names[:n], min(n, chance.choice([0, 1, 1, 2, 5]))),
            priority_weight=chance.choice([1, 1, 0, -3, 1000, chance.randint(-(2**20), 2**20)]),
            weight_rule=chance.choice(["downstream", "upstream", "absolute"]),
        )
        for n, name in enumerate(names)
    ]
    chance.shuffle(tasks)
    spec = dag(*tasks)
    graph, own = graph_of(spec), {task.id: task.priority_weight for task in spec.tasks}
    reached = {"downstream": graph.descendants, "upstream": graph.ancestors, "absolute": lambda _: set()}
    assert weights(spec, graph) == {
        task.id: own[task.id] + sum(own[other] for other in reached[task.weight_rule]([task.id]))
        for task in spec.tasks
    }


def test_chain_of_thousands_needs_no_recursion() -> None:
    chain = dag(task("t0"), *(task(f"t{n}", f"t{n - 1}") for n in range(1, 5000)))
    assert weights(chain) == {f"t{n}": 5000 - n for n in range(5000)}


def test_layers_of_hundreds_that_all_wait_for_each_other() -> None:
    found = weights(layers(100, 100))
    assert found == {f"t{layer}_{n}": 1 + 100 * (99 - layer) for layer in range(100) for n in range(100)}


def test_fan_of_thousands() -> None:
    names = [f"t{n}" for n in range(9998)]
    found = weights(dag(task("a"), *(task(name, "a") for name in names), task("z", *names)))
    assert (found["a"], found["t5"], found["z"]) == (10_000, 2, 1)
