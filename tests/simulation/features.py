"""Random DAGs. A new feature is one function here: it changes a draft, which is a spec as JSON, and stays valid."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Final

Draft = dict[str, Any]
Feature = Callable[[Random, Draft], None]

RULES: Final = (
    "all_success", "all_failed", "all_done", "all_done_min_one_success", "all_skipped", "one_success", "one_failed",
    "one_done", "none_failed", "none_failed_min_one_success", "none_skipped", "always",
)  # fmt: skip
POOLS: Final = ("p0", "p1")


def draft_of(random: Random, dag_id: str, most_tasks: int) -> Draft:
    """A plain DAG: tasks in topological order, t0, t1, …"""
    tasks: list[Draft] = []
    for n in range(random.randint(1, most_tasks)):
        names = [task["id"] for task in tasks]
        upstream = random.sample(names, random.randint(0, min(n, 3)))
        tasks.append({"id": f"t{n}", "kind": "function", "upstream": upstream})
    return {"id": dag_id, "tasks": tasks, "max_active_runs": 3, "max_active_tasks": 3}


def some(random: Random, draft: Draft, share: float = 0.5) -> list[Draft]:
    """Some of the tasks that a worker runs."""
    return [task for task in draft["tasks"] if task["kind"] == "function" and random.random() < share]


def children(draft: Draft, task: Draft) -> list[str]:
    return [other["id"] for other in draft["tasks"] if task["id"] in other["upstream"]]


# --- tries, limits, order -----------------------------------------------------------------------------------------


def with_retries(random: Random, draft: Draft) -> None:
    for task in some(random, draft):
        task |= {"retries": random.randint(0, 2), "retry_delay": random.choice((0.0, 0.5, 20.0))}


def with_backoff(random: Random, draft: Draft) -> None:
    for task in some(random, draft):
        task |= {"retry_delay": random.choice((0.2, 3.0)), "retry_backoff": random.choice((1.5, 2.0))}
        task["max_retry_delay"] = random.choice((4.0, 30.0))


def with_retry_rules(random: Random, draft: Draft) -> None:
    for task in some(random, draft):
        action = random.choice(("retry", "fail"))
        task["retry_rules"] = [{"exception": "ValueError", "action": action, "delay": 5.0}]


def with_few_tasks_at_once(random: Random, draft: Draft) -> None:
    draft["max_active_tasks"] = random.randint(1, 2)


def with_few_runs_at_once(random: Random, draft: Draft) -> None:
    draft["max_active_runs"] = random.randint(1, 2)


def with_few_of_all_runs(random: Random, draft: Draft) -> None:
    draft["max_active_tasks_per_dag"] = random.randint(1, 3)


def with_few_of_a_task(random: Random, draft: Draft) -> None:
    for task in some(random, draft):
        task[random.choice(("max_active_per_dag", "max_active_per_run"))] = random.randint(1, 2)


def with_pools(random: Random, draft: Draft) -> None:
    for task in some(random, draft):
        task |= {"pool": random.choice(POOLS), "pool_slots": random.randint(1, 2)}


def with_priorities(random: Random, draft: Draft) -> None:
    for task in some(random, draft):
        task["priority_weight"] = random.randint(-1, 3)
        task["weight_rule"] = random.choice(("downstream", "upstream", "absolute"))


def with_timeouts(random: Random, draft: Draft) -> None:
    if random.random() < 0.5:
        draft["run_timeout"] = random.choice((0.5, 10.0, 60.0))
    for task in some(random, draft):
        task["queue_timeout"] = random.choice((0.1, 5.0))


def failing_fast(random: Random, draft: Draft) -> None:
    draft["fail_fast"] = True


def pausing_itself(random: Random, draft: Draft) -> None:
    draft["pause_after_failures"] = random.randint(1, 2)


# --- schedules ----------------------------------------------------------------------------------------------------


def with_a_schedule(random: Random, draft: Draft) -> None:
    expression = random.choice(("* * * * *", "* * * * *", "*/2 * * * *", "0 */6 * * *"))
    draft["schedule"] = {"type": "cron", "expression": expression}
    # To make up for a day of minutes takes as long as a hundred other worlds.
    draft["catchup"] = random.choice(("skip", "latest", "all") if "6" in expression else ("skip", "latest"))
    draft["collision"] = random.choice(("queue", "queue", "skip", "replace"))


def with_assets(random: Random, draft: Draft) -> None:
    """d0 makes what d1 waits for: the other way round as well they would never end."""
    names = [{"name": "a0"}, {"name": "a1"}]
    if draft["id"] == "d0":
        for task in some(random, draft):
            task["outlets"] = random.sample(names, random.randint(1, 2))
    else:
        refs = [{"type": "asset", "name": name["name"]} for name in names]
        condition = {"type": random.choice(("all", "any")), "of": refs}
        draft["schedule"] = {"type": "assets", "condition": random.choice((refs[0], condition))}


# --- what decides about what ----------------------------------------------------------------------------------------


def with_trigger_rules(random: Random, draft: Draft) -> None:
    if not draft.get("fail_fast"):
        for task in some(random, draft):
            if task.get("role", "work") == "work":
                task["trigger_rule"] = random.choice(RULES)


def with_branches(random: Random, draft: Draft) -> None:
    for task in some(random, draft, 0.3):
        if below := children(draft, task):
            task |= {"interpret": "branch", "config": {"children": below}}


def with_short_circuits(random: Random, draft: Draft) -> None:
    for task in some(random, draft, 0.2):
        if "interpret" not in task:
            task |= {"interpret": "short_circuit", "skip_all": random.random() < 0.6, "config": {"gate": 1}}


def with_sensors(random: Random, draft: Draft) -> None:
    for task in some(random, draft, 0.3):
        if "interpret" not in task:
            task |= {"interpret": "sensor", "config": {"looks": 1}}
            task["sensor"] = {
                "mode": random.choice(("poke", "reschedule")), "poke_interval": random.choice((0.5, 4.0)),
                "timeout": random.choice((3.0, 20.0)), "soft_fail": random.random() < 0.4,
                "backoff": random.random() < 0.3,
            }  # fmt: skip


def with_local_kinds(random: Random, draft: Draft) -> None:
    for task in some(random, draft, 0.2):
        if "interpret" not in task and "outlets" not in task:
            task["kind"] = random.choice(("empty", "wait", "approval", "latest_only"))
            if task["kind"] == "wait":
                task["config"] = {"seconds": random.choice((0.0, 6.0))}
            elif task["kind"] == "approval":
                task["config"] = {
                    "subject": "Go on?", "options": ["Approve", "Reject"], "timeout": random.choice((4.0, 30.0)),
                }  # fmt: skip
                if random.random() < 0.5:
                    task["config"]["default"] = ["Approve"]


def with_triggers(random: Random, draft: Draft) -> None:
    """d0 makes runs of d1: the other way round as well they would never end."""
    for task in some(random, draft, 0.4) if draft["id"] == "d0" else ():
        if "interpret" not in task:
            task |= {
                "kind": "trigger_dag",
                "config": {"args": {"dag_id": "d1"}, "wait": random.random() < 0.7},
            }
            task["config"] |= {
                "if_paused": random.choice(("fail", "queue")), "if_exists": random.choice(("fail", "skip", "clear")),
                "poll_interval": random.choice((1.0, 30.0)),
            }  # fmt: skip
            if task["config"]["wait"]:
                task["config"] |= {"fail_with": random.random() < 0.7, "cancel_with": random.random() < 0.4}


def with_waiting_sensors(random: Random, draft: Draft) -> None:
    """Each of the DAGs waits for runs and tasks of the other, and for assets."""
    other = "d1" if draft["id"] == "d0" else "d0"
    for task in some(random, draft, 0.2):
        if "interpret" not in task and "outlets" not in task:
            config: Draft = {
                "timeout": random.choice((3.0, 10.0, 30.0)), "soft_fail": random.random() < 0.4,
                "poll_interval": random.choice((1.0, 30.0)),
            }  # fmt: skip
            if random.random() < 0.3:
                task["kind"] = "asset_sensor"
                config |= {"asset": "a0", "since": random.choice(("run", "logical_date", 86400.0, 86400.0))}
            else:
                task["kind"] = "dag_sensor"
                config |= {"dag_id": other, "states": random.choice((["success"], ["success", "cancelled"]))}
                if random.random() < 0.7:  # few runs by hand have a date
                    config["logical_date"] = random.choice(("2025-06-15T15:06:40", "2025-06-15T15:07:40"))
                else:
                    config["offset"] = random.choice((0.0, 0.0, -60.0))
                config["failed_states"] = random.choice(([], ["failed"]))
                if random.random() < 0.4:
                    config["tasks"] = [random.choice(("t0", "t0", "t1"))]
            task["config"] = config


def with_setups(random: Random, draft: Draft) -> None:
    tasks = draft["tasks"]
    if len(tasks) >= 2:
        setup = {"id": "s", "kind": "function", "upstream": [], "role": "setup"}
        work = random.sample(tasks, random.randint(1, len(tasks) - 1))
        inside = {task["id"] for task in work}
        for task in work:
            if inside & set(task["upstream"]):
                task["trigger_rule"] = (
                    "all_done"  # only the setup, which it does not name, can keep it from running
                )
            else:
                task["upstream"] = [*task["upstream"], "s"]
        down = {
            "id": "d", "kind": "function", "upstream": ["s", *(task["id"] for task in work)], "role": "teardown",
            "trigger_rule": "all_done_setup_success", "setups": ["s"], "fail_run": random.random() < 0.3,
        }  # fmt: skip
        draft["tasks"] = [setup, *tasks, down]


def with_a_past(random: Random, draft: Draft) -> None:
    for task in some(random, draft, 0.4):
        task[random.choice(("depends_on_past", "wait_for_downstream"))] = True


# --- mapping --------------------------------------------------------------------------------------------------------


def _expansion(random: Random, draft: Draft, before: list[Draft]) -> tuple[Draft, list[str]]:
    """Something to map over, and the tasks whose values that takes."""
    producers = [
        t["id"] for t in before if t["kind"] == "function" and t.get("interpret", "value") == "value"
    ]
    if producers and random.random() < 0.6:
        name = random.choice(producers)
        return {"over": {"x": {"type": "output", "task": name}}}, [name]
    return {"over": {"x": {"type": "items", "values": list(range(random.randint(0, 3)))}}}, []


def with_mapped_tasks(random: Random, draft: Draft) -> None:
    for n, task in enumerate(draft["tasks"]):
        if task["kind"] == "function" and "role" not in task and random.random() < 0.3:
            before = [t for t in draft["tasks"][:n] if "group" not in t and "expand" not in t]
            task["expand"], producers = _expansion(random, draft, before)
            task["upstream"] = list(dict.fromkeys([*task["upstream"], *producers]))


def with_mapped_groups(random: Random, draft: Draft) -> None:
    tasks = draft["tasks"]
    if len(tasks) >= 3 and not any("role" in task for task in tasks):
        first = random.randint(0, len(tasks) - 2)
        before = [t for t in tasks[:first] if "expand" not in t]
        expand, producers = _expansion(random, draft, before)
        draft["groups"] = [{"id": "g", "expand": expand}]
        for task in tasks[first : first + random.randint(1, 2)]:
            task["group"] = "g"
            task["upstream"] = list(dict.fromkeys([*task["upstream"], *producers]))


# --- callbacks --------------------------------------------------------------------------------------------------------


def with_callbacks(random: Random, draft: Draft) -> None:
    draft["callbacks"] = [{"on": on, "function": "m:f"} for on in ("success", "failure")]
    for task in some(random, draft):
        events = random.sample(("success", "failure", "retry", "skipped"), 2)
        task["callbacks"] = [{"on": on, "function": "m:f"} for on in events]


#: In this order: later ones look at what earlier ones did.
FEATURES: Final[tuple[Feature, ...]] = (
    with_retries, with_backoff, with_retry_rules, with_few_tasks_at_once, with_few_runs_at_once,
    with_few_of_all_runs, with_few_of_a_task, with_pools, with_priorities, with_timeouts, failing_fast,
    pausing_itself, with_a_schedule, with_assets, with_setups, with_local_kinds, with_triggers, with_waiting_sensors,
    with_branches,
    with_short_circuits, with_sensors, with_a_past, with_mapped_tasks, with_mapped_groups, with_trigger_rules,
    with_callbacks,
)  # fmt: skip
