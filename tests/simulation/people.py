"""What people do, and how the world treats them: random commands and luck, all of it from one `Random`.

A new command is one function in `COMMANDS`. Each world has a `Temper`: a random choice of features and faults, because
bugs hide where few things happen often as well as where all do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, Final

from studio.core.model import CommandKind, Run
from studio.core.signals import Signal, TriggerSignal
from studio.core.states import TaskState
from studio.core.turn import Launch
from tests.simulation.features import FEATURES, POOLS, Draft, Feature, draft_of, with_pools

if TYPE_CHECKING:
    from studio.testing.memory_tables import Tables

DAGS: Final = ("d0", "d1")
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


@dataclass(slots=True)
class Temper:
    """What this world is like."""

    features: tuple[Feature, ...]
    faults: dict[str, float]
    most_tasks: int
    failing: float  # of the attempts that end by themselves
    lost: float
    skipping: float
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
        harm, rich = random.choice((0.0, 0.3, 0.3, 0.6)), random.choice((0.1, 0.2, 0.4))
        self.temper = Temper(
            features=tuple(one for one in FEATURES if random.random() < rich),
            faults={name: p for name, p in FAULTS.items() if random.random() < harm},
            most_tasks=random.choice((1, 3, 5, 8)),
            failing=random.choice((0.0, 0.1, 0.3, 0.6)),
            lost=random.choice((0.0, 0.0, 0.1, 0.5)),
            skipping=random.choice((0.0, 0.0, 0.2)),
            slow=random.random() < 0.5,
            pace=random.choice(((0.0, 0.0, 0.1), (0.0, 0.3, 2.0), (0.1, 1.0, 8.0), (0.0, 1.0, 20.0))),
            actions=random.choice((5, 10, 10, 15)),
        )

    @property
    def has_pools(self) -> bool:
        return with_pools in self.temper.features

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

    def pick_end(self, launch: Launch) -> tuple[str, Any, Signal]:
        """How an attempt ends by itself: state, value, signal."""
        random, config = self.random, launch.config
        luck = 1.0 if self.is_kind else random.random()
        if luck < self.temper.lost:
            return "lost", None, Signal()
        if luck < self.temper.lost + self.temper.failing:
            retry = False if random.random() < 0.1 else None
            errors = ("builtins.ValueError", "builtins.Exception") if random.random() < 0.5 else ()
            return "failed", None, Signal(retry=retry, errors=errors)
        if launch.kind == "callback":
            return "success", None, Signal()
        if luck > 1.0 - self.temper.skipping and not self.is_kind:
            return "skipped", None, Signal()
        if launch.kind == "trigger_dag":
            return "success", None, Signal(trigger=self._pick_trigger(config["args"]["dag_id"]))
        if "looks" in config:
            return self._pick_look()
        if "children" in config:
            return "success", config["children"] if self.is_kind else self._some(config["children"]), Signal()
        if "gate" in config:
            return "success", self.is_kind or random.random() < 0.5, Signal()
        if self.happens("poison"):
            return "success", POISON, Signal()
        return "success", [0] * random.randint(0, 3), Signal(label=random.choice(("", "", "label")))

    def _pick_look(self) -> tuple[str, Any, Signal]:
        random = self.random
        if self.is_kind or random.random() < 0.4:
            return "success", True, Signal()
        return random.choice(
            (("success", False, Signal()), ("rescheduled", None, Signal()), ("rescheduled", None, Signal(resume={})))
        )  # fmt: skip

    def _pick_trigger(self, dag_id: str) -> TriggerSignal:
        random = self.random
        if random.random() < 0.1:
            return TriggerSignal(dag_id="d9")
        if random.random() < 0.3:
            return TriggerSignal(dag_id=dag_id, run_id=f"r{random.randint(0, 5)}")
        date = 1_750_000_000.0 + 60 * random.randint(0, 3) if random.random() < 0.7 else None
        return TriggerSignal(dag_id=dag_id, logical_date=date)

    def _some(self, names: list[str]) -> Any:
        chosen = [name for name in names if self.random.random() < 0.5]
        return chosen or self.random.choice((None, []))

    def pick_end_of_stop(self) -> str:
        return self.random.choice(("cancelled", "cancelled", "cancelled", "lost", "success", "failed"))

    # --- DAGs ---------------------------------------------------------------------------------------------------

    def spec(self, dag_id: str) -> Draft:
        """A valid spec, as JSON."""
        draft = draft_of(self.random, dag_id, self.temper.most_tasks)
        for feature in self.temper.features:
            feature(self.random, draft)
        self.random.shuffle(draft["tasks"])
        if self.is_kind:
            draft.pop("schedule", None)  # no new runs
        return draft


# --- commands ------------------------------------------------------------------------------------------------------

#: people, tables, DAG, some of its runs → the payload; None: not this time.
Build = Callable[[People, "Tables", str, list[Run]], Draft | None]


def trigger(people: People, tables: Tables, dag_id: str, runs: list[Run]) -> Draft | None:
    random = people.random
    payload: Draft = {}
    if random.random() < 0.4:
        payload["run_id"] = f"r{random.randint(0, 5)}"
    elif random.random() < 0.5:
        payload["logical_date"] = 1_750_000_000.0 + 60 * random.choice((0, 0, 1, 2, 3))
    if random.random() < 0.1 and dag_id in tables.dags:
        names = [task.id for task in tables.dags[dag_id].spec.tasks]
        if not any(task.expand for task in tables.dags[dag_id].spec.tasks):
            payload["subset"] = random.sample(names, random.randint(1, len(names)))
    return payload


def of_a_run(people: People, tables: Tables, dag_id: str, runs: list[Run]) -> Draft | None:
    return {"run_id": people.random.choice(runs).run_id} if runs else None


def _chosen(people: People, tables: Tables, runs: list[Run]) -> Draft:
    """A run, and some of its tasks."""
    random, run = people.random, people.random.choice(runs)
    names = sorted({tables.tasks[number].task_id for number in tables.tasks_of[run.id]}) or ["t0"]
    return {"run_id": run.run_id, "task_ids": random.sample(names, min(len(names), random.choice((1, 1, 2))))}


def clear(people: People, tables: Tables, dag_id: str, runs: list[Run]) -> Draft | None:
    random = people.random
    if not runs:
        return None
    payload = _chosen(people, tables, runs)
    payload |= {"downstream": random.random() < 0.6, "only_failed": random.random() < 0.2}
    if random.random() < 0.3:
        payload[random.choice(("upstream", "past", "future", "only_running", "only_new", "dry_run"))] = True
    if random.random() < 0.1:
        payload["version"] = "latest"
    return payload


def mark(people: People, tables: Tables, dag_id: str, runs: list[Run]) -> Draft | None:
    random = people.random
    if not runs:
        return None
    payload = _chosen(people, tables, runs)
    payload["state"] = random.choice(("success", "failed", "skipped"))
    if random.random() < 0.4:
        payload[random.choice(("upstream", "downstream", "past", "future"))] = True
    return payload


def mark_run(people: People, tables: Tables, dag_id: str, runs: list[Run]) -> Draft | None:
    if not runs:
        return None
    return {"run_id": people.random.choice(runs).run_id, "state": people.random.choice(("success", "failed"))}


def respond(people: People, tables: Tables, dag_id: str, runs: list[Run]) -> Draft | None:
    asked = [
        (run.run_id, tables.tasks[number])
        for run in runs
        for number in tables.tasks_of[run.id]
        if tables.tasks[number].state is TaskState.AWAITING_INPUT
    ]
    if not asked:
        return None
    run_id, task = people.random.choice(asked)
    option = people.random.choice(("Approve", "Reject"))
    return {"run_id": run_id, "task_id": task.task_id, "map_index": task.map_index, "options": [option]}


def publish(people: People, tables: Tables, dag_id: str, runs: list[Run]) -> Draft | None:
    return {"spec": people.spec(dag_id)}


def nothing(people: People, tables: Tables, dag_id: str, runs: list[Run]) -> Draft | None:
    return {}


def set_pool(people: People, tables: Tables, dag_id: str, runs: list[Run]) -> Draft | None:
    random = people.random
    name = random.choice((*POOLS, *POOLS, "default"))
    slots = random.choice((-1, 3, 4)) if name == "default" else random.choice((-1, 0, 1, 2, 3))
    return {"name": name, "slots": slots, "include_deferred": random.random() < 0.2}


def delete_pool(people: People, tables: Tables, dag_id: str, runs: list[Run]) -> Draft | None:
    return {"name": people.random.choice(POOLS)}


def backfill(people: People, tables: Tables, dag_id: str, runs: list[Run]) -> Draft | None:
    random = people.random
    payload: Draft = {
        "max_active_runs": random.randint(1, 2), "reprocess": random.choice(("missing", "failed", "all")),
        "reverse": random.random() < 0.3, "dry_run": random.random() < 0.1,
    }  # fmt: skip
    if random.random() < 0.5:
        payload["params_list"] = [{} for _ in range(random.randint(1, 3))]
    else:
        payload["dates"] = [1_749_999_600.0 + 60 * n for n in random.sample(range(8), random.randint(1, 3))]
    return payload


def change_backfill(people: People, tables: Tables, dag_id: str, runs: list[Run]) -> Draft | None:
    random = people.random
    known = [number for number, made in tables.backfills.items() if made.dag_id == dag_id]
    if not known:
        return None
    action = random.choice(("pause", "unpause", "unpause", "cancel", "limit", "extend"))
    payload: Draft = {"id": random.choice(known), "action": action}
    if action == "limit":
        payload["max_active_runs"] = random.randint(1, 3)
    elif action == "cancel":
        payload["stop_running"] = random.random() < 0.5
    elif action == "extend":
        payload["dates"] = [1_749_999_600.0 + 60 * random.randint(0, 9)]
    return payload


def asset_event(people: People, tables: Tables, dag_id: str, runs: list[Run]) -> Draft | None:
    return {"asset": people.random.choice(("a0", "a1"))}


#: kind, how often, payload
COMMANDS: Final[tuple[tuple[CommandKind, float, Build], ...]] = (
    ("trigger", 8, trigger),
    ("clear", 5, clear),
    ("mark", 2, mark),
    ("mark_run", 1, mark_run),
    ("cancel", 2, of_a_run),
    ("delete_run", 0.5, of_a_run),
    ("respond", 2, respond),
    ("pause", 1, nothing),
    ("unpause", 2, nothing),
    ("publish", 1, publish),
    ("delete_dag", 0.7, nothing),
    ("set_pool", 2, set_pool),
    ("delete_pool", 0.3, delete_pool),
    ("backfill", 1, backfill),
    ("change_backfill", 1, change_backfill),
    ("asset_event", 0.5, asset_event),
    ("forget_events", 0.2, nothing),
)
