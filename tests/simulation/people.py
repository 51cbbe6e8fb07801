"""What people do, and how the world treats them: random DAGs, commands and luck, all of it from one `Random`.

A new feature of DAGs is one function in `FEATURES`, a new command one in `COMMANDS`. Each world has a `Temper`:
a random choice of features and faults, because bugs hide where few things happen often as well as where all do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from studio.core.model import CommandKind
from studio.core.turn import Launch

DAGS: Final = ("d0", "d1")
RULES: Final = (
    "all_success", "all_failed", "all_done", "all_done_min_one_success", "all_skipped", "one_success", "one_failed",
    "one_done", "none_failed", "none_failed_min_one_success", "none_skipped", "always",
)  # fmt: skip
POISON: Final = "\u2620"  # a value that the store of the simulation cannot keep

#: How likely each mishap is, where a world has it at all.
FAULTS: Final[dict[str, float]] = {
    "unavailable": 0.08,  # a call to the store fails
    "answer lost": 0.08,  # it was carried out, but nobody heard of it
    "refused": 0.05,  # a commit fails with an error that will not go away by itself
    "stale": 0.05,
    "slow store": 0.15,
    "hanging store": 0.004,
    "lost message": 0.15,
    "doubled message": 0.2,
    "late message": 0.3,
    "poison": 0.05,
    "die in launch": 0.02,
    "die in cancel": 0.06,
    "die in acknowledge": 0.02,
    "die in publish": 0.02,
    "die after commit": 0.03,
    "die before commit": 0.02,
    "die in start": 0.15,
    "second home": 1.0,
}

Draft = dict[str, Any]


@dataclass(slots=True)
class Temper:
    """What this world is like."""

    features: tuple[Callable[[Random, Draft], None], ...]
    faults: dict[str, float]
    most_tasks: int
    failing: float  # of the attempts that end by themselves
    lost: float
    slow: bool
    pace: tuple[float, ...]  # seconds between two things that happen
    actions: int


@dataclass(slots=True)
class People:
    """The dice of the world."""

    random: Random
    is_kind: bool = False  # nothing goes wrong any more
    temper: Temper = field(init=False)
    keys: int = 0

    def __post_init__(self) -> None:
        random = self.random
        harm = random.choice((0.0, 0.3, 0.3, 0.6))
        self.temper = Temper(
            features=tuple(one for one in FEATURES if random.random() < 0.6),
            faults={name: p for name, p in FAULTS.items() if random.random() < harm},
            most_tasks=random.choice((1, 3, 5, 8)),
            failing=random.choice((0.0, 0.1, 0.3, 0.6)),
            lost=random.choice((0.0, 0.0, 0.1, 0.5)),
            slow=random.random() < 0.5,
            pace=random.choice(((0.0, 0.0, 0.1), (0.0, 0.3, 2.0), (0.1, 1.0, 8.0), (0.0, 1.0, 20.0, 45.0))),
            actions=random.choice((5, 10, 15, 20)),
        )

    def happens(self, fault: str) -> bool:
        """Whether it goes wrong this time."""
        return not self.is_kind and self.random.random() < self.temper.faults.get(fault, 0.0)

    # --- workers ------------------------------------------------------------------------------------------------

    def pick_delay(self) -> float:
        return self.random.choice((0.0, 0.0, 0.01, 0.3, 2.0) if not self.is_kind else (0.0,))

    def pick_duration(self) -> float:
        if self.is_kind:
            return 0.1
        return self.random.choice(
            (0.0, 0.01, 1.0, 1.0, 5.0, 25.0) if self.temper.slow else (0.0, 0.0, 0.1, 1.0)
        )

    def pick_outcome(self, launch: Launch) -> str:
        luck = 1.0 if self.is_kind else self.random.random()
        if luck < self.temper.lost:
            return "lost"
        return "failed" if luck < self.temper.lost + self.temper.failing else "success"

    def pick_end_of_stop(self) -> str:
        return self.random.choice(("cancelled", "cancelled", "cancelled", "lost", "success", "failed"))

    def pick_value(self, launch: Launch) -> Any:
        return POISON if self.happens("poison") else None

    # --- DAGs ---------------------------------------------------------------------------------------------------

    def spec(self, dag_id: str) -> Draft:
        """A valid spec, as JSON."""
        random = self.random
        tasks: list[Draft] = []
        for n in range(random.randint(1, self.temper.most_tasks)):
            names = [task["id"] for task in tasks]
            upstream = random.sample(names, random.randint(0, min(n, 3)))
            tasks.append({"id": f"t{n}", "kind": "function", "upstream": upstream})
        random.shuffle(tasks)
        draft: Draft = {"id": dag_id, "tasks": tasks, "max_active_runs": 3, "max_active_tasks": 3}
        for feature in self.temper.features:
            feature(random, draft)
        if self.is_kind:
            draft.pop("schedule", None)  # no new runs
        return draft


def some_tasks(random: Random, draft: Draft) -> list[Draft]:
    return [task for task in draft["tasks"] if random.random() < 0.5]


# --- features of DAGs --------------------------------------------------------------------------------------------


def with_retries(random: Random, draft: Draft) -> None:
    for task in some_tasks(random, draft):
        task |= {"retries": random.randint(0, 2), "retry_delay": random.choice((0.0, 0.5, 20.0))}


def with_backoff(random: Random, draft: Draft) -> None:
    for task in some_tasks(random, draft):
        task |= {"retry_delay": random.choice((0.2, 3.0)), "retry_backoff": random.choice((1.5, 2.0))}
        task["max_retry_delay"] = random.choice((4.0, 30.0))


def with_a_schedule(random: Random, draft: Draft) -> None:
    expression = random.choice(("* * * * *", "* * * * *", "*/2 * * * *", "0 */6 * * *"))
    draft["schedule"] = {"type": "cron", "expression": expression}
    # To make up for a day of minutes takes as long as a hundred other worlds.
    draft["catchup"] = random.choice(("skip", "latest", "all") if "6" in expression else ("skip", "latest"))


def with_few_tasks_at_once(random: Random, draft: Draft) -> None:
    draft["max_active_tasks"] = random.randint(1, 2)


def with_few_runs_at_once(random: Random, draft: Draft) -> None:
    draft["max_active_runs"] = random.randint(1, 2)


def with_trigger_rules(random: Random, draft: Draft) -> None:
    for task in some_tasks(random, draft):
        task["trigger_rule"] = random.choice(RULES)


FEATURES: Final[tuple[Callable[[Random, Draft], None], ...]] = (
    with_retries,
    with_backoff,
    with_a_schedule,
    with_few_tasks_at_once,
    with_few_runs_at_once,
    with_trigger_rules,
)


# --- commands ------------------------------------------------------------------------------------------------------

#: Run ids of the DAG → the payload; None: not this time.
Build = Callable[[People, str, list[str]], Draft | None]


def trigger(people: People, dag_id: str, runs: list[str]) -> Draft | None:
    random = people.random
    payload: Draft = {}
    if random.random() < 0.4:
        payload["run_id"] = f"r{random.randint(0, 5)}"
    elif random.random() < 0.3:
        payload["logical_date"] = 1_750_000_000.0 + 60 * random.randint(0, 3)
    return payload


def cancel(people: People, dag_id: str, runs: list[str]) -> Draft | None:
    return {"run_id": people.random.choice(runs)} if runs else None


def clear(people: People, dag_id: str, runs: list[str]) -> Draft | None:
    random = people.random
    if not runs:
        return None
    most = people.temper.most_tasks
    names = {f"t{random.randrange(most)}" for _ in range(random.choice((1, 1, 2)))}
    return {
        "run_id": random.choice(runs), "task_ids": sorted(names),
        "downstream": random.random() < 0.6, "only_failed": random.random() < 0.2,
    }  # fmt: skip


def publish(people: People, dag_id: str, runs: list[str]) -> Draft | None:
    return {"spec": people.spec(dag_id)}


def nothing(people: People, dag_id: str, runs: list[str]) -> Draft | None:
    return {}


#: kind, how often, payload
COMMANDS: Final[tuple[tuple[CommandKind, int, Build], ...]] = (
    ("trigger", 6, trigger),
    ("clear", 5, clear),
    ("cancel", 2, cancel),
    ("pause", 1, nothing),
    ("unpause", 2, nothing),
    ("publish", 1, publish),
    ("delete_dag", 1, nothing),
)
