"""What must hold after every commit: pure functions over the tables of the memory store, one an invariant.

To add one: write a function over a `Step`, name it after what it says, put it into `INVARIANTS`. What does not need
to be looked at after every commit goes into `AT_REST`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from studio.core.model import Attempt, Command, Dag, Run, TaskInstance
from studio.core.spec import CronSpec, DagSpec
from studio.core.states import AttemptState, RunState, TaskState
from studio.core.turn import Writes
from studio.testing.memory_tables import Tables
from tests.simulation import oracle

_T = TaskState
_R = RunState
_A = AttemptState

ALIVE: Final = {_T.QUEUED, _T.RUNNING, _T.STOPPING, _T.RESTARTING}
RUN_OVER: Final = {_R.SUCCESS, _R.FAILED, _R.CANCELLED}
ATTEMPT_OVER: Final = {_A.SUCCESS, _A.FAILED, _A.SKIPPED, _A.RESCHEDULED, _A.CANCELLED, _A.LOST}


class Broken(AssertionError):
    """An invariant does not hold."""

    def __init__(self, invariant: str, story: str) -> None:
        super().__init__(f"{invariant}: {story}")
        self.invariant = invariant


@dataclass(slots=True)
class Memory:
    """What the tables do not say of a task instance: its tries since it was last cleared."""

    failures: int = 0
    losses: int = 0
    is_held_back: bool = False  # an upstream task was cleared while it waited for its next try: no more delay
    is_sure: bool = True  # False: a clear and an end came in one commit, in an order that nobody can see


@dataclass(slots=True)
class Step:
    """A commit: the tables after it, and what was there before of all that it wrote."""

    tables: Tables
    writes: Writes
    lease: int
    old_dags: Mapping[str, Dag]
    old_runs: Mapping[int, Run]
    old_tasks: Mapping[int, TaskInstance]
    old_attempts: Mapping[int, Attempt]
    commands: list[Command]  # handled in it, as they are stored now
    capacities: tuple[int, int]  # the least and the most that the turn may have known of
    set_back: float  # seconds that the wall clock was ever set back
    memories: dict[int, Memory]
    spec_of: Callable[[str, str], DagSpec]
    runs: list[Run]  # written in it, as they are now
    tasks: list[TaskInstance]
    attempts: list[Attempt]

    def spec(self, run: Run) -> DagSpec:
        return self.spec_of(run.dag_id, run.version)

    def tasks_of(self, run: int) -> list[TaskInstance]:
        return [self.tables.tasks[number] for number in self.tables.tasks_of[run]]

    def touched_runs(self) -> Iterator[tuple[Run, DagSpec, list[TaskInstance]]]:
        """Runs of which the commit has written anything, with all their task instances."""
        numbers = {run.id for run in self.runs} | {task.run for task in self.tasks}
        for number in sorted(numbers):
            run = self.tables.runs[number]
            yield run, self.spec(run), self.tasks_of(number)

    def touched_dags(self) -> Iterator[Dag]:
        names = {run.dag_id for run in self.runs} | {dag.dag_id for dag in self.writes.dags}
        names |= {self.tables.runs[task.run].dag_id for task in self.tasks}
        for name in sorted(names):
            if name in self.tables.dags:
                yield self.tables.dags[name]

    def commands_on(self, dag_id: str, *kinds: str) -> list[Command]:
        return [c for c in self.commands if c.dag_id == dag_id and c.kind in kinds and c.state == "done"]


def only_the_owner_writes(step: Step) -> None:
    """Invariant 1 and 2: who was fenced changes nothing any more, and nobody touches what belongs to another."""
    if step.tables.schedulers[step.lease].fenced:
        raise Broken("only_the_owner_writes", f"scheduler {step.lease} was fenced, but its commit was kept")
    for dag in step.touched_dags():
        owner = step.tables.owners[dag.dag_id]
        if owner != step.lease:
            raise Broken("only_the_owner_writes", f"{step.lease} wrote to {dag.dag_id}, which {owner} owns")


def revisions_only_grow(step: Step) -> None:
    """Each write of a record makes the next revision: nobody overwrote what he had not seen."""
    pairs: list[tuple[TaskInstance | Run, TaskInstance | Run | None]] = [
        *((task, step.old_tasks.get(task.id)) for task in step.tasks),
        *((run, step.old_runs.get(run.id)) for run in step.runs),
    ]
    for new, old in pairs:
        if new.rev != (old.rev if old else 0) + 1:
            raise Broken("revisions_only_grow", f"{new} was written over {old}")


def outcomes_never_change(step: Step) -> None:
    """Invariant 2: an attempt that has ended stays as it ended."""
    for attempt in step.attempts:
        old = step.old_attempts.get(attempt.id)
        if old is not None and old.state in ATTEMPT_OVER:
            raise Broken("outcomes_never_change", f"{attempt.id:x} was {old.state}, is now {attempt.state}")
        if old is not None and attempt.state is _A.QUEUED:
            raise Broken("outcomes_never_change", f"{attempt.id:x} was {old.state} and is queued again")


def one_living_attempt(step: Step) -> None:
    """A task instance is active exactly while its latest attempt is alive; an older one is never alive."""
    tables = step.tables
    for task in step.tasks:
        last = None if task.attempt is None else tables.attempts.get(task.attempt)
        is_alive = last is not None and last.state not in ATTEMPT_OVER
        if is_alive != (task.state in ALIVE):
            raise Broken("one_living_attempt", f"{_name(tables, task)} is {task.state}, its attempt {last}")
        if is_alive and task.state is _T.RUNNING and last is not None and last.state is not _A.RUNNING:
            raise Broken("one_living_attempt", f"{_name(tables, task)} is running, its attempt {last.state}")
    for attempt in step.attempts:
        task = tables.tasks[attempt.task_instance]
        if attempt.state not in ATTEMPT_OVER and task.attempt != attempt.id:
            raise Broken("one_living_attempt", f"{_name(tables, task)}: {attempt.id:x} lives beside the last")
        if attempt.id not in step.old_attempts and task.try_number != attempt.try_number:
            raise Broken("one_living_attempt", f"{_name(tables, task)}: try {attempt.try_number} is new")


def a_run_is_over_when_its_tasks_are(step: Step) -> None:
    """Invariant 3: and it ends as its leaves did."""
    for run, spec, tasks in step.touched_runs():
        is_over = all(task.state in oracle.DONE for task in tasks)
        if is_over != (run.state in RUN_OVER):
            states = [task.state.value for task in tasks]
            raise Broken("a_run_is_over_when_its_tasks_are", f"{run.run_id} is {run.state}: {states}")
        if is_over and run in step.runs and run.state not in (ends := _ends_of(step, run, spec, tasks)):
            raise Broken("a_run_ends_as_its_leaves_did", f"{run.run_id} is {run.state}, not in {ends}")
        if run.state is _R.QUEUED and any(
            task.state in (_T.SCHEDULED, _T.QUEUED, _T.RUNNING) for task in tasks
        ):
            raise Broken("nothing_starts_in_a_queued_run", run.run_id)


def _ends_of(step: Step, run: Run, spec: DagSpec, tasks: list[TaskInstance]) -> set[RunState]:
    inner = {parent for task in spec.tasks for parent in task.upstream}
    leaves = [task for task in tasks if task.task_id not in inner]
    failed = any(task.state in (_T.FAILED, _T.UPSTREAM_FAILED) for task in leaves)
    end = _R.FAILED if failed else _R.SUCCESS
    old = step.old_runs.get(run.id)
    commands = step.commands_on(run.dag_id, "cancel", "clear")
    kinds = [c.kind for c in commands if c.payload.get("run_id") == run.run_id]
    if end is _R.SUCCESS and any(task.state is _T.CANCELLED for task in leaves):
        end = _R.CANCELLED  # left so by an earlier cancel
    if (old is not None and old.ending is _R.CANCELLED) or "cancel" in kinds:
        return {_R.CANCELLED, end} if "clear" in kinds else {_R.CANCELLED}
    return {end}


def rules_decide(step: Step) -> None:
    """Invariant 3: what waits has to wait, what goes on may, and what was marked without a try had to be."""
    for run, spec, tasks in step.touched_runs():
        if run.state is not _R.RUNNING:
            continue
        states = {task.task_id: task.state for task in tasks}
        specs = {task.id: task for task in spec.tasks}
        new = {attempt.task_instance for attempt in step.writes.new_attempts}
        ended = {a.task_instance for a in step.attempts if a.state in ATTEMPT_OVER}
        for task in tasks:
            upstream = [states[parent] for parent in dict.fromkeys(specs[task.task_id].upstream)]
            says = oracle.verdict(specs[task.task_id].trigger_rule, upstream)
            old = step.old_tasks.get(task.id)
            is_new = old is not None and old.state is not task.state
            fits = True
            if task.state is _T.NONE:
                fits = says is None
            elif task.state is _T.SCHEDULED or (task.state is _T.QUEUED and task.id in new):
                fits = says is _T.SCHEDULED
            elif is_new and task.state in (_T.UPSTREAM_FAILED, _T.SKIPPED) and task.id not in ended:
                fits = says is task.state or bool(step.commands_on(run.dag_id, "clear"))
            if not fits:
                told = f"{_name(step.tables, task)} is {task.state.value}, the rule says {says}: {upstream}"
                raise Broken("rules_decide", told)


def limits_hold(step: Step) -> None:
    """Invariant 4: executor slots, `max_active_tasks`, `max_active_runs`."""
    tables = step.tables
    if step.writes.new_attempts:
        alive = _alive_attempts(step)
        if alive > step.capacities[1]:
            raise Broken("limits_hold", f"{alive} attempts for {step.capacities[1]} slots")
    launched = {attempt.task_instance for attempt in step.writes.new_attempts}
    for run, spec, tasks in step.touched_runs():
        active = sum(task.state in ALIVE for task in tasks)
        if active > spec.max_active_tasks and any(task.id in launched for task in tasks):
            raise Broken("limits_hold", f"{run.run_id}: {active} active of {spec.max_active_tasks}")
    for dag in step.touched_dags():
        running = [r for r in tables.runs.values() if r.dag_id == dag.dag_id and r.state is _R.RUNNING]
        limit = max(dag.spec.max_active_runs, _old_spec(step, dag).max_active_runs)
        begun = [run for run in running if _was(step, run) is not _R.RUNNING]
        is_sure = len(step.commands_on(dag.dag_id, "publish")) < 2  # one in between may have allowed more
        if is_sure and begun and len(running) > limit:
            raise Broken("limits_hold", f"{dag.dag_id}: {len(running)} active runs of {limit}")


def nothing_waits_without_a_reason(step: Step) -> None:
    """Invariant 6: what is ready goes on as soon as there is room, in the same turn."""
    tables = step.tables
    is_full = _alive_attempts(step) >= step.capacities[0]
    for run, spec, tasks in step.touched_runs():
        if run.state is not _R.RUNNING or tables.dags[run.dag_id].paused or is_full:
            continue
        ready = [task for task in tasks if task.state is _T.SCHEDULED]
        active = sum(task.state in ALIVE for task in tasks)
        if ready and active < spec.max_active_tasks:
            raise Broken("nothing_waits_without_a_reason", f"{_name(tables, ready[0])} is scheduled")
    for dag in step.touched_dags():
        if dag.paused:
            continue
        runs = [r for r in tables.runs.values() if r.dag_id == dag.dag_id]
        states = [r.state for r in runs]
        if (
            step.set_back == 0.0
            and _R.QUEUED in states
            and states.count(_R.RUNNING) < dag.spec.max_active_runs
        ):
            raise Broken("nothing_waits_without_a_reason", f"a run of {dag.dag_id} is queued")


def nothing_starts_while_paused(step: Step) -> None:
    for attempt in step.writes.new_attempts:
        run = step.tables.runs[step.tables.tasks[attempt.task_instance].run]
        if step.tables.dags[run.dag_id].paused:
            raise Broken("nothing_starts_while_paused", f"{run.run_id} of {run.dag_id}")


def tries_are_counted(step: Step) -> None:
    """`retries` after failures, `lost_retries` after losses, apart from each other."""
    for attempt in step.attempts:
        old = step.old_attempts.get(attempt.id)
        if attempt.state not in ATTEMPT_OVER or (old is not None and old.state in ATTEMPT_OVER):
            continue
        task = step.tables.tasks[attempt.task_instance]
        memory = step.memories.setdefault(task.id, Memory())
        before = step.old_tasks[task.id]
        if before.state is not _T.RESTARTING:
            memory.failures += attempt.state in (_A.FAILED, _A.CANCELLED)
            memory.losses += attempt.state is _A.LOST
            memory.is_held_back = False
        run = step.tables.runs[task.run]
        if step.commands_on(run.dag_id, "clear", "cancel"):
            memory.is_sure = False
        if memory.is_sure:
            _check_end(step, run, task, before, attempt, memory)
    _forget_cleared(step)


def _check_end(
    step: Step, run: Run, task: TaskInstance, before: TaskInstance, attempt: Attempt, memory: Memory
) -> None:
    spec = next(t for t in step.spec(run).tasks if t.id == task.task_id)
    again = {_T.UP_FOR_RETRY, _T.SCHEDULED, _T.QUEUED, _T.NONE, _T.UPSTREAM_FAILED, _T.SKIPPED}
    if before.state is _T.RESTARTING:
        allowed = again - {_T.UP_FOR_RETRY}
    elif attempt.state is _A.SUCCESS:
        allowed = {_T.SUCCESS}
    elif attempt.state is _A.SKIPPED:
        allowed = {_T.SKIPPED}
    elif before.state is _T.STOPPING:
        allowed = {_T.CANCELLED}
    elif memory.losses <= spec.lost_retries and (memory.failures <= spec.retries or attempt.state is _A.LOST):
        allowed = again
    else:
        allowed = {_T.FAILED}
    if task.state not in allowed:
        told = f"{_name(step.tables, task)} ({before.state.value}) {attempt.state.value} → {task.state.value}"
        raise Broken("tries_are_counted", f"{told}; {memory.failures} failed, {memory.losses} lost")


def _forget_cleared(step: Step) -> None:
    """A clear begins the count anew; if more than that happened to the task instance, nobody knows how far it is."""
    ended = {a.task_instance for a in step.attempts if a.state in ATTEMPT_OVER}
    for command in step.commands:
        if command.kind != "clear" or command.state != "done" or not command.result.get("cleared"):
            continue
        number = step.tables.run_keys.get((command.dag_id, command.payload["run_id"]))
        if number is None:
            continue
        is_alone = len(step.commands_on(command.dag_id, "clear", "cancel")) == 1
        chosen = oracle.chosen(step.spec(step.tables.runs[number]), command.payload)
        for task in step.tasks_of(number):
            old = step.old_tasks.get(task.id)
            if task.task_id in chosen and old is not None and _has_begun(old, command.payload):
                step.memories[task.id] = Memory(is_sure=is_alone and task.id not in ended)


def _has_begun(task: TaskInstance, payload: dict[str, Any]) -> bool:
    if payload.get("only_failed", False):
        return task.state in oracle.FAILED
    return task.state not in (_T.NONE, _T.RESTARTING)


def retries_wait(step: Step) -> None:
    """Between the end of a failed attempt and the next one lies the delay of the task."""
    for task in step.tasks:
        old = step.old_tasks.get(task.id)
        if old is not None and old.state is _T.UP_FOR_RETRY and task.state is _T.NONE:
            step.memories.setdefault(task.id, Memory()).is_held_back = True
    for attempt in step.writes.new_attempts:
        task = step.tables.tasks[attempt.task_instance]
        memory = step.memories.get(task.id)
        run = step.tables.runs[task.run]
        if (
            attempt.try_number == 1
            or memory is None
            or not memory.is_sure
            or memory.is_held_back
            or not memory.failures
        ):
            continue
        key = step.tables.attempt_keys.get((task.id, attempt.try_number - 1))
        last = None if key is None else step.tables.attempts[key]
        if last is None or last.state is not _A.FAILED or last.ended_at is None:
            continue
        spec = next(t for t in step.spec(run).tasks if t.id == task.task_id)
        least = oracle.least_delay(spec, memory.failures)
        if attempt.queued_at + step.set_back < last.ended_at + least - 1e-6:
            told = f"{_name(step.tables, task)} after {attempt.queued_at - last.ended_at:.3f} s of {least}"
            raise Broken("retries_wait", told)


def the_schedule_is_kept(step: Step) -> None:
    """Invariant 1: each tick that the policy asks for is one run, none is passed over, none comes twice."""
    for dag in step.touched_dags():
        old = step.old_dags.get(dag.dag_id)
        made = [run for run in step.writes.new_runs if run.dag_id == dag.dag_id]
        ticks = sorted(run.logical_date or 0.0 for run in made if run.run_type == "scheduled")
        is_new = old is None or old.cursor is None or dag.dag_id in step.writes.removed_dags
        if is_new or dag.cursor is None or len(step.commands_on(dag.dag_id, "publish")) > 1:
            continue
        assert old is not None and old.cursor is not None
        if dag.cursor < old.cursor:
            raise Broken("the_schedule_is_kept", f"{dag.dag_id}: the cursor went back")
        due = [
            oracle.minutes_due(spec, old.cursor, dag.cursor, _STEPS[spec.schedule.expression])
            if isinstance(spec.schedule, CronSpec)
            else []
            for spec in (old.spec, dag.spec)
        ]
        if ticks not in due:
            told = f"{dag.dag_id}: from {old.cursor} to {dag.cursor} runs for {ticks}, not {due}"
            raise Broken("the_schedule_is_kept", told)
        if dag.paused and old.paused and ticks and not step.commands_on(dag.dag_id, "unpause"):
            raise Broken("the_schedule_is_kept", f"{dag.dag_id} is paused and has scheduled runs")


_STEPS: Final = {"* * * * *": 60.0, "*/2 * * * *": 120.0, "0 */6 * * *": 21600.0}


def commands_do_what_they_say(step: Step) -> None:
    """What a handled command promised is there, unless a later one of the same commit undid it."""
    tables = step.tables
    known = tables.dags.keys() - {dag.dag_id for dag in step.writes.dags if dag.rev == 1}
    for command in step.commands:
        if command.dag_id in known and "There is no DAG" in command.result.get("message", ""):
            raise Broken("commands_do_what_they_say", f"{command.dag_id} is there: {command.result}")
        if command.state != "done" or command.dag_id in step.writes.removed_dags:
            continue
        key = tables.run_keys.get((command.dag_id, str(command.result.get("run_id"))))
        if command.kind == "trigger" and (key is None or key not in {r.id for r in step.writes.new_runs}):
            raise Broken("commands_do_what_they_say", f"{command.result} was triggered, but is not there")
        if command.kind == "cancel":
            run = tables.runs[tables.run_keys[command.dag_id, command.payload["run_id"]]]
            later = [c for c in step.commands_on(command.dag_id, "clear") if c.id > command.id]
            if not run.cancelling and run.state is not _R.CANCELLED and not later:
                raise Broken("commands_do_what_they_say", f"{run.run_id} was cancelled, but is {run.state}")


def cancelled_runs_wind_down(step: Step) -> None:
    """Invariant 7: in a run that is being cancelled nothing is left but what is being stopped."""
    for run, _, tasks in step.touched_runs():
        if run.cancelling:
            bad = [t for t in tasks if t.state not in oracle.DONE and t.state is not _T.STOPPING]
            if bad:
                raise Broken("cancelled_runs_wind_down", f"{_name(step.tables, bad[0])} is {bad[0].state}")


INVARIANTS: Final[tuple[Callable[[Step], None], ...]] = (
    only_the_owner_writes,
    revisions_only_grow,
    outcomes_never_change,
    one_living_attempt,
    a_run_is_over_when_its_tasks_are,
    rules_decide,
    tries_are_counted,
    retries_wait,
    limits_hold,
    nothing_waits_without_a_reason,
    nothing_starts_while_paused,
    the_schedule_is_kept,
    commands_do_what_they_say,
    cancelled_runs_wind_down,
)


def _alive_attempts(step: Step) -> int:
    owned = {name for name, owner in step.tables.owners.items() if owner == step.lease}
    runs = [run.id for run in step.tables.runs.values() if run.dag_id in owned and run.state not in RUN_OVER]
    return sum(task.state in ALIVE for run in runs for task in step.tasks_of(run))


def _was(step: Step, run: Run) -> RunState | None:
    old = step.old_runs.get(run.id)
    if old is not None:
        return old.state
    return None if run in step.runs else run.state


def _old_spec(step: Step, dag: Dag) -> DagSpec:
    old = step.old_dags.get(dag.dag_id)
    return dag.spec if old is None else old.spec


def _name(tables: Tables, task: TaskInstance) -> str:
    run = tables.runs[task.run]
    index = "" if task.map_index < 0 else f"[{task.map_index}]"
    return f"{run.dag_id}/{run.run_id}/{task.task_id}{index}"
