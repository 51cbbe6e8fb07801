"""A database as months of use leave it: DAGs of every look, runs of every kind, tasks in every state.

For looking at the views with as much as they must bear, and for measuring. The same `seed` gives the same history;
times count back from now.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from studio.core.map_spec import ExpandSpec, GroupSpec, Items
from studio.core.model import Attempt, Backfill, Dag, Run, RunType, TaskInstance
from studio.core.schedule_spec import CronSpec
from studio.core.spec import DagSpec, TaskSpec, version_of
from studio.core.states import ATTEMPT_TERMINAL, AttemptState, RunState, TaskState
from studio.core.turn import Writes
from studio.ports import Lease, Store

DAY = 86_400.0  # seconds
_AT_ONCE = 5_000  # rows in a commit
_OUTCOMES = (
    *(TaskState.SUCCESS,) * 400,
    TaskState.FAILED,
    TaskState.SKIPPED,
)
_TAGS = ("finance", "flights", "reports", "ml", "ingest", "quality")
_ERROR = "Traceback (most recent call last):\n  …\nValueError: the column `dep_delay` has 3 values that are no numbers"


@dataclass(frozen=True, slots=True)
class Shape:
    """How much of everything."""

    dags: int = 100  # besides the two below
    runs: int = 1_000  # of the DAG `flights_daily`, one each day
    tasks: int = 100  # of it
    wide: int = 300  # tasks of the DAG `warehouse_nightly`, in groups


LARGE = Shape()
SMALL = Shape(dags=3, runs=12, tasks=6, wide=12)


async def fill(store: Store, shape: Shape = LARGE, seed: int = 2013) -> None:
    """Write it into an empty database, in the name of a scheduler that is over."""
    lease = await store.register_scheduler("history")
    writer = _Writer(store, lease, random.Random(seed))
    await writer.dag(_daily(shape.tasks), shape.runs)
    await writer.dag(_warehouse(shape.wide), min(30, shape.runs))
    for number in range(shape.dags):
        await writer.dag(_some(number), 1 + number * 7 % 20, paused=number % 7 == 6)
    await writer.flush()
    await store.release(lease)


class _Writer:
    def __init__(self, store: Store, lease: Lease, dice: random.Random) -> None:
        self._store = store
        self._lease = lease
        self._dice = dice
        self._ids: Iterator[int] = iter(range(lease.number << 32, (lease.number + 1) << 32))
        self._now = time.time()
        self._writes = Writes()

    async def dag(self, spec: DagSpec, runs: int, *, paused: bool = False) -> None:
        version = version_of(spec)
        midnight = self._now // DAY * DAY
        dag = Dag(
            spec.id,
            version,
            spec,
            paused=paused,
            cursor=midnight,
            next_due=None if spec.schedule is None else midnight + DAY,
            created_at=self._now - runs * DAY,
            updated_at=self._now - DAY,
            rev=1,
        )
        await self._store.commit(self._lease, Writes(dags=[dag]))
        backfill = None
        if runs >= 30:
            asked = {"from": midnight - 30 * DAY, "to": midnight - 20 * DAY}
            backfill = Backfill(
                next(self._ids), spec.id, "done", asked, runs=10, created_at=midnight - 9 * DAY,
                ended_at=midnight - 9 * DAY + 900, actor="ann", rev=1,
            )  # fmt: skip
            self._writes.backfills.append(backfill)
        for number in range(runs):
            date = midnight - (runs - number) * DAY
            is_filled = backfill is not None and runs - 30 <= number < runs - 20
            kind: RunType = "backfill" if is_filled else "manual" if number % 50 == 49 else "scheduled"
            self._run(
                dag, date, kind, backfill.id if backfill and is_filled else None, is_last=number == runs - 1
            )
            if len(self._writes.new_tasks) >= _AT_ONCE:
                await self.flush()

    async def flush(self) -> None:
        await self._store.commit(self._lease, self._writes)
        self._writes = Writes()

    def _run(self, dag: Dag, date: float, kind: RunType, backfill: int | None, *, is_last: bool) -> None:
        at = date + DAY + 60
        run = Run(
            next(self._ids),
            dag.dag_id,
            f"{kind}__{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(date))}+00:00",
            kind,
            dag.version,
            run_after=date + DAY,
            logical_date=date,
            interval_start=date,
            interval_end=date + DAY,
            params=dict(dag.spec.params),
            queued_at=at,
            started_at=at,
            triggered_by="ann" if kind == "manual" else "scheduler",
            backfill=backfill,
            note="Repeated with the corrected file." if kind == "manual" else "",
            rev=1,
        )
        states: dict[str, TaskState] = {}
        slow = self._dice.uniform(0.6, 1.8)
        for place, task in enumerate(dag.spec.tasks):
            state = self._state(task, states)
            states[task.id] = state
            for index in range(5) if task.expand is not None else (-1,):
                self._task(run, task, index, state, at + place * 4 * slow, self._dice.uniform(1, 40) * slow)
        is_failed = any(state in (TaskState.FAILED, TaskState.UPSTREAM_FAILED) for state in states.values())
        run.state = RunState.FAILED if is_failed else RunState.SUCCESS
        run.reason = "task_failure" if is_failed else ""
        run.ended_at = min(at + len(dag.spec.tasks) * 4 * slow + 60, self._now)
        self._writes.new_runs.append(run)

    def _state(self, task: TaskSpec, before: dict[str, TaskState]) -> TaskState:
        above = [before[name] for name in task.upstream]
        if TaskState.FAILED in above or TaskState.UPSTREAM_FAILED in above:
            return TaskState.UPSTREAM_FAILED
        return TaskState.SKIPPED if TaskState.SKIPPED in above else self._dice.choice(_OUTCOMES)

    def _task(
        self, run: Run, spec: TaskSpec, index: int, state: TaskState, at: float, seconds: float
    ) -> None:
        tries = {TaskState.SUCCESS: self._dice.choice((1,) * 20 + (2,)), TaskState.FAILED: 2}.get(state, 0)
        instance = TaskInstance(
            next(self._ids), run.id, spec.id, map_index=index, map_path=() if index < 0 else (index,), state=state,
            try_number=tries, max_tries=2, started_at=at if tries else None, ended_at=at + seconds, rev=1,
        )  # fmt: skip
        for number in range(1, tries + 1):
            ok = state is TaskState.SUCCESS and number == tries
            attempt = Attempt(
                next(self._ids), instance.id, number, AttemptState.SUCCESS if ok else AttemptState.FAILED, at - 1, at,
                at + seconds, worker="local", error=None if ok else _ERROR, value=None,
            )  # fmt: skip
            assert attempt.state in ATTEMPT_TERMINAL
            instance.attempt = attempt.id
            self._writes.new_attempts.append(attempt)
        self._writes.new_tasks.append(instance)


def _daily(tasks: int) -> DagSpec:
    """Five stages; some tasks mapped."""
    names = [f"{('load', 'clean', 'join', 'model', 'report')[n * 5 // tasks]}_{n:03d}" for n in range(tasks)]
    specs = [
        TaskSpec(
            id=name,
            kind="function",
            config={"function": "steps:work"},
            upstream=tuple(names[k] for k in {max(0, n - 7), max(0, n - 11)} if k < n),
            expand=ExpandSpec(over={"airport": Items(["EWR", "JFK", "LGA", "BOS", "ORD"])})
            if n % 25 == 24
            else None,
        )
        for n, name in enumerate(names)
    ]
    return DagSpec(
        id="flights_daily",
        tasks=tuple(specs),
        schedule=CronSpec("@daily"),
        tags=("flights", "reports"),
        description="Every day's flights: loaded, cleaned, joined with the weather, reported.",
        params={"year": 2013, "airline": "UA"},
        catchup="skip",
    )


def _warehouse(tasks: int) -> DagSpec:
    """Groups in groups."""
    groups: list[GroupSpec] = []
    specs: list[TaskSpec] = []
    per_group = max(tasks // 10, 1)
    for group in range((tasks + per_group - 1) // per_group):
        outer = f"layer_{group // 3}"
        inner = f"{outer}.source_{group}"
        if all(known.id != outer for known in groups):
            groups.append(GroupSpec(id=outer))
        groups.append(GroupSpec(id=inner, parent=outer))
        for n in range(min(per_group, tasks - len(specs))):
            before = specs[-1:] if n % 5 else specs[-per_group : -per_group + 1]
            specs.append(
                TaskSpec(
                    id=f"{inner}.a_table_with_a_rather_long_name_{n}",
                    kind="function",
                    config={"function": "steps:work"},
                    group=inner,
                    upstream=tuple(task.id for task in before),
                )
            )
    return DagSpec(
        id="warehouse_nightly",
        tasks=tuple(specs),
        groups=tuple(groups),
        schedule=CronSpec("30 2 * * *"),
        timezone="America/New_York",
        tags=("finance",),
        catchup="skip",
    )


def _some(number: int) -> DagSpec:
    name = f"{_TAGS[number % len(_TAGS)]}_{number:03d}"
    if number % 10 == 3:
        name += "_with_a_name_that_goes_on_for_much_longer_than_any_list_has_room_for"
    chain: Sequence[TaskSpec] = [
        TaskSpec(
            id=f"step_{n}",
            kind="function",
            config={"function": "steps:work"},
            upstream=(f"step_{n - 1}",) if n else (),
        )
        for n in range(3 + number % 5)
    ]
    return DagSpec(
        id=name,
        tasks=tuple(chain),
        schedule=None
        if number % 5 == 4
        else CronSpec(("@daily", "@hourly", "0 6 * * 1-5", "@weekly")[number % 4]),
        tags=tuple({_TAGS[number % len(_TAGS)], _TAGS[number // 7 % len(_TAGS)]}),
        catchup="skip",
    )
