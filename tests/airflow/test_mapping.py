"""Airflow's examples of dynamic task mapping."""

from __future__ import annotations

import pytest

from tests.airflow.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_dynamic_task_mapping(stage: Stage) -> None:
    # Airflow's example_dynamic_task_mapping: one task instance for each item, with map indexes from 0; the task that
    # takes the output of the mapped one gets all values, in order.
    await stage.load("example_dynamic_task_mapping")
    ended = await stage.run("example_dynamic_task_mapping")
    assert ended.state == "success"
    assert ended.values == {"add_one[0]": 2, "add_one[1]": 3, "add_one[2]": 4, "sum_it": 9}


async def test_second_order_mapping(stage: Stage) -> None:
    # Airflow's example_task_mapping_second_order: a mapped task may be mapped over the values of another one.
    await stage.load("example_dynamic_task_mapping")
    ended = await stage.run("example_task_mapping_second_order")
    assert ended.state == "success"
    assert ended.values == {
        "get_nums": [1, 2, 3],
        "times_2[0]": 2,
        "times_2[1]": 4,
        "times_2[2]": 6,
        "add_10[0]": 12,
        "add_10[1]": 14,
        "add_10[2]": 16,
    }


async def test_products_and_keyword_mapping(stage: Stage) -> None:
    # Airflow documents: several lists make a cross product whose last argument varies fastest, `partial` holds what
    # is the same for all, `expand_kwargs` takes dicts, and `map` changes items by a function as tasks run.
    await stage.load("example_dynamic_task_mapping")
    ended = await stage.run("example_task_mapping_products")
    assert ended.state == "success"
    assert [ended.values[f"multiply[{n}]"] for n in range(6)] == [10, 20, 30, 20, 40, 60]
    assert [ended.values[f"times_2[{n}]"] for n in range(2)] == [2, 4]
    assert [ended.values[f"add_10[{n}]"] for n in range(3)] == [110, 210, 310]
    assert len(ended.tasks) == 1 + 6 + 2 + 3


async def test_mapping_without_taskflow(stage: Stage) -> None:
    # Airflow's example_dynamic_task_mapping_with_no_taskflow_operators: the same with classic operators.
    await stage.load("example_dynamic_task_mapping_with_no_taskflow_operators")
    ended = await stage.run("example_dynamic_task_mapping_with_no_taskflow_operators")
    assert ended.state == "success"
    assert ended.values == {"add_one[0]": 2, "add_one[1]": 3, "add_one[2]": 4, "sum_it": 9}


async def test_zip_skip_and_names(stage: Stage) -> None:
    # Airflow documents: `zip` with a fill value is as long as the longest; a function of `map` may skip its one
    # task instance; the rest goes on, but a task with all_success after it is skipped, since one of those before it
    # was; `concat` puts lists one after the other; map_index_template names task instances when they have run.
    await stage.load("example_mapping_edges")
    ended = await stage.run("example_mapping_edges")
    assert ended.state == "success"
    assert [ended.values[f"path[{n}]"] for n in range(3)] == ["ada.txt", "al.csv", "grace.md"]
    loud = [ended.states[f"loud[{n}]"] for n in range(3)]
    assert (loud, ended.states["count"]) == (["success", "skipped", "success"], "skipped")
    assert ended.values["loud[2]"] == "hello GRACE"
    assert [ended.values[f"more[{n}]"] for n in range(4)] == [
        "hello ada",
        "hello al",
        "hello grace",
        "hello x",
    ]
    assert [task.label for task in ended.tasks if task.task_id == "greet"] == ["ada", "al", "grace"]


async def test_empty_map_is_skipped(stage: Stage) -> None:
    # Airflow documents: a task that is mapped over nothing is skipped, and what follows by its trigger rule.
    await stage.load("example_mapping_edges")
    ended = await stage.run("example_mapping_edges", params={"names": []})
    assert ended.state == "success"
    assert {"greet", "loud", "count"} <= ended.tasks_in("skipped")
    assert [ended.values[f"path[{n}]"] for n in range(2)] == ["md.txt", "md.csv"]
    assert ended.values["more[0]"] == "hello x"
    assert ended.states["after_all"] == "success"


async def test_mapped_task_group(stage: Stage) -> None:
    # Airflow's example_task_group_mapping: each task of a mapped group depends on, and gets the value of, the one of
    # the same index; a task outside gets all of them. 3 * 42 + 2 * (1 + 3 + 2).
    await stage.load("example_task_group_mapping")
    ended = await stage.run("example_task_group_mapping")
    assert ended.state == "success"
    assert ended.values == {
        "op.double[0]": 2,
        "op.double[1]": 6,
        "op.double[2]": 4,
        "op.add_42[0]": 44,
        "op.add_42[1]": 48,
        "op.add_42[2]": 46,
        "sum_it": 138,
    }
