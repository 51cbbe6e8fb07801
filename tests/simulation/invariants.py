"""What must hold after every commit: pure functions over the tables of the memory store, one an invariant.

To add one: write a function over a `Step` here or in a module of its own kind, name it after what it says, put it into
`INVARIANTS`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from studio.core.map_spec import Items, Output
from studio.core.model import Run, TaskInstance
from studio.core.spec import CronSpec
from studio.core.states import AttemptState, RunState, TaskState
from tests.simulation import bounds, counting, elsewhere, oracle, outbox
from tests.simulation.shape import Instances
from tests.simulation.step import ALIVE, ATTEMPT_OVER, BY_HAND, RUN_OVER, Broken, Step

_T = TaskState
_R = RunState
_A = AttemptState


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
            raise Broken("one_living_attempt", f"{step.name(task)} is {task.state}, its attempt {last}")
        if is_alive and task.state is _T.RUNNING and last is not None and last.state is not _A.RUNNING:
            raise Broken("one_living_attempt", f"{step.name(task)} is running, its attempt {last.state}")
    for attempt in step.attempts:
        task = tables.tasks[attempt.task_instance]
        if attempt.state not in ATTEMPT_OVER and task.attempt != attempt.id:
            raise Broken("one_living_attempt", f"{step.name(task)}: {attempt.id:x} lives beside the last")
        # A sensor that ends at once may have been cleared and have ended again in the same commit.
        is_latest = task.attempt == attempt.id or attempt.state not in ATTEMPT_OVER
        if attempt.id not in step.old_attempts and is_latest and task.try_number != attempt.try_number:
            raise Broken("one_living_attempt", f"{step.name(task)}: try {attempt.try_number} is new")


def a_run_is_over_when_its_tasks_are(step: Step) -> None:
    """Invariant 3: and it ends as its leaves did."""
    for run, found in step.touched_runs():
        tasks = [task for some in found.by_task.values() for task in some]
        is_over = all(task.state in oracle.DONE for task in tasks) and bool(tasks)
        if tasks and is_over != (run.state in RUN_OVER) and run.state is not _R.QUEUED:
            states = [task.state.value for task in tasks]
            raise Broken("a_run_is_over_when_its_tasks_are", f"{run.run_id} is {run.state}: {states}")
        if (
            run.state in RUN_OVER
            and run in step.runs
            and run.state not in (ends := _ends_of(step, run, found))
        ):
            raise Broken("a_run_ends_as_its_leaves_did", f"{run.run_id} is {run.state}, not in {ends}")
        if run.state is _R.QUEUED and any(
            task.state in (_T.SCHEDULED, _T.QUEUED, _T.RUNNING) for task in tasks
        ):
            raise Broken("nothing_starts_in_a_queued_run", run.run_id)


def _ends_of(step: Step, run: Run, found: Instances) -> set[RunState]:
    leaves = {task.state for name in found.shape.leaves for task in found.by_task[name]}
    end = _R.SUCCESS
    failed = {_T.FAILED, _T.UPSTREAM_FAILED}
    is_cut_short = run.reason == "fail_fast" and any(
        task.state in failed for tasks in found.by_task.values() for task in tasks
    )
    if leaves & failed or is_cut_short:
        end = _R.FAILED
    elif _T.CANCELLED in leaves:
        end = _R.CANCELLED  # left so by an earlier cancel
    old = step.old_runs.get(run.id)
    ending = {old.ending} if old is not None and old.ending is not None else set()
    if step.commands_on(run.dag_id, "mark_run"):
        return RUN_OVER
    if step.commands_on(run.dag_id, *BY_HAND):
        return {end, _R.CANCELLED} | ending | ({_R.FAILED} if run.reason == "timed_out" else set())
    if ending:
        return ending
    if run.run_type == "operator" and run.state is _R.CANCELLED and run.reason == "cancelled":
        return RUN_OVER  # with the task that triggered it and waited
    if run.reason in ("timed_out", "replaced"):
        return {_R.FAILED if run.reason == "timed_out" else _R.CANCELLED}
    return {end}


def rules_decide(step: Step) -> None:
    """Invariant 3: what waits has to wait, what goes on may, and what was marked without a try had to be."""
    for run, found in step.touched_runs():
        if run.state is not _R.RUNNING:
            continue
        ended = {a.task_instance for a in step.attempts if a.state in ATTEMPT_OVER}
        new = {attempt.task_instance for attempt in step.writes.new_attempts}
        is_by_rule = not step.commands_on(run.dag_id, *BY_HAND) and run.ending is None and not run.reason
        for name, tasks in found.by_task.items():
            spec = found.shape.tasks[name]
            is_held = spec.depends_on_past or spec.wait_for_downstream
            for task in tasks:
                old = step.old_tasks.get(task.id)
                is_new = old is not None and old.state is not task.state
                fits = True
                if task.state is _T.NONE:
                    fits = run.ending is not None and spec.role != "teardown"
                    fits = fits or (says := found.verdict(task)) is None or (is_held and says is _T.SCHEDULED)
                elif task.state is _T.SCHEDULED or (task.state is _T.QUEUED and task.id in new):
                    fits = found.verdict(task) is _T.SCHEDULED or _has_late_deciders(found, name)
                elif is_by_rule and is_new and task.state in (_T.UPSTREAM_FAILED, _T.SKIPPED):
                    is_unmapped = len(task.map_path) < found.shape.depth(name)
                    fits = task.id in ended or is_unmapped or spec.sensor is not None
                    # Of two ends in one commit, the first one decides.
                    fits = fits or found.verdict(task) is task.state or len(ended) > 1
                if not fits:
                    told = f"{step.name(task)} is {task.state.value}, not {found.verdict(task)}"
                    raise Broken("rules_decide", told)


def _has_late_deciders(found: Instances, name: str) -> bool:
    """Branches that decide when what they may skip may go already: they are mapped, its rule does not wait, or they are
    setups, which are cleared with what they are for, and what lies between is not."""
    deciders = found.shape.deciders[name]
    is_early = found.shape.tasks[name].trigger_rule in ("one_success", "one_failed", "one_done", "always")
    return any(
        is_early or len(found.by_task[decider]) > 1 or found.shape.tasks[decider].role == "setup"
        for decider in deciders
    )


def maps_have_their_length(step: Step) -> None:
    """A mapped task whose producer has ended has as many living instances as there are items."""
    for run, found in step.touched_runs():
        if run.state is _R.QUEUED or run.ending is not None or step.commands_on(run.dag_id, *BY_HAND):
            continue
        for name, tasks in found.by_task.items():
            expand = found.shape.tasks[name].expand
            if expand is None or found.shape.mapped_groups[name] or len(expand.over) != 1:
                continue
            (source,) = expand.over.values()
            length: int | None = None
            if isinstance(source, Items):
                length = len(source.values)
            elif isinstance(source, Output) and not found.shape.depth(source.task):
                (producer,) = found.by_task[source.task]
                value = step.value_of(producer) if producer.state is _T.SUCCESS else None
                length = len(value) if isinstance(value, list) else None
            living = [task for task in tasks if task.map_path and task.state is not _T.REMOVED]
            if length and living and len(living) != length:
                told = f"{run.run_id}/{name} has {len(living)} instances for {length} items"
                raise Broken("maps_have_their_length", told)


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
        if dag.spec.collision == "skip" or old.spec.collision == "skip":
            if not set(ticks) <= {tick for some in due for tick in some}:
                raise Broken("the_schedule_is_kept", f"{dag.dag_id}: runs for {ticks}, not {due}")
            continue
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
            number = tables.run_keys.get((command.dag_id, command.payload["run_id"]))
            later = [c for c in step.commands_on(command.dag_id, *BY_HAND, "delete_run") if c.id > command.id]
            if later or number is None:
                continue
            run = tables.runs[number]
            if not run.cancelling and run.state is not _R.CANCELLED:
                raise Broken("commands_do_what_they_say", f"{run.run_id} was cancelled, but is {run.state}")


def cancelled_runs_wind_down(step: Step) -> None:
    """Invariant 7: in a run that is being cancelled nothing is left but what is being stopped."""
    for run, found in step.touched_runs():
        if run.cancelling:
            tasks = [task for some in found.by_task.values() for task in some]
            bad = [t for t in tasks if t.state not in oracle.DONE and t.state is not _T.STOPPING]
            if bad:
                raise Broken("cancelled_runs_wind_down", f"{step.name(bad[0])} is {bad[0].state}")


INVARIANTS: Final[tuple[Callable[[Step], None], ...]] = (
    only_the_owner_writes,
    revisions_only_grow,
    outcomes_never_change,
    one_living_attempt,
    a_run_is_over_when_its_tasks_are,
    rules_decide,
    maps_have_their_length,
    counting.tries_are_counted,
    counting.retries_wait,
    bounds.limits_hold,
    bounds.nothing_waits_without_a_reason,
    bounds.nothing_starts_while_paused,
    bounds.pools_are_counted,
    the_schedule_is_kept,
    commands_do_what_they_say,
    cancelled_runs_wind_down,
    outbox.callbacks_are_requested_once,
    outbox.asset_events_are_used_once,
    elsewhere.a_trigger_makes_one_run,
    elsewhere.a_success_has_its_run,
    elsewhere.nobody_waits_for_what_has_come,
)
