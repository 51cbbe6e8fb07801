"""Every statement the store sends, by name. Guards stand in `WHERE`.

They are built once, so that SQLAlchemy compiles each of them once per database. Bind parameters of guards begin
with `old_`; the others carry the name of their column.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Select, Table, bindparam, delete, func, insert, select, update

from studio.core.states import ATTEMPT_TERMINAL, RUN_TERMINAL, AttemptState, RunState
from studio.store.tables import (
    attempt,
    command,
    dag,
    dag_file,
    dag_run,
    dag_version,
    scheduler,
    task_instance,
)

_UNFINISHED_RUN = [state.value for state in RunState if state not in RUN_TERMINAL]
UNFINISHED_ATTEMPT = [state.value for state in AttemptState if state not in ATTEMPT_TERMINAL]


def named(table: Table, names: Iterable[str]) -> dict[str, Any]:
    """SET for these columns."""
    return {name: bindparam(name, type_=table.c[name].type) for name in names}


def changing(table: Table, *fixed: str) -> dict[str, Any]:
    """SET for every column but those that never change."""
    return named(table, (c.name for c in table.columns if c.name not in fixed))


def listed(name: str) -> Any:
    """The right side of an IN whose values come with the call."""
    return bindparam(name, expanding=True)


# --- leases --------------------------------------------------------------------------------------------------

add_scheduler = insert(scheduler).values(name=bindparam("name"), beat=0, fenced=False)

#: First in every transaction of a lease: it fails if the lease was taken, and holds the row against a take-over.
hold_lease = (
    update(scheduler)
    .where(scheduler.c.id == bindparam("lease"), scheduler.c.fenced == sa.false())
    .values(beat=scheduler.c.beat + 1)
)
fence_silent_scheduler = (
    update(scheduler)
    .where(
        scheduler.c.id == bindparam("other"),
        scheduler.c.beat == bindparam("old_beat"),
        scheduler.c.fenced == sa.false(),
    )
    .values(fenced=sa.true())
)
fence_scheduler = update(scheduler).where(scheduler.c.id == bindparam("lease")).values(fenced=sa.true())
schedulers = select(scheduler).where(scheduler.c.fenced == sa.false()).order_by(scheduler.c.id)

scheduler_names = select(scheduler.c.id, scheduler.c.name)

own_dags_of = update(dag).where(dag.c.owner == bindparam("other")).values(owner=bindparam("lease"))
own_free_dags = update(dag).where(dag.c.owner.is_(None)).values(owner=bindparam("lease"))
release_dags = update(dag).where(dag.c.owner == bindparam("lease")).values(owner=None)
owned_among = select(dag.c.dag_id).where(
    dag.c.owner == bindparam("lease"), dag.c.dag_id.in_(listed("dag_ids"))
)

# --- the writes of a turn ------------------------------------------------------------------------------------

add_dags = insert(dag)
update_dags = (
    update(dag)
    .where(
        dag.c.dag_id == bindparam("old_dag_id"),
        dag.c.rev == bindparam("old_rev"),
        dag.c.owner == bindparam("old_owner"),
    )
    .values(changing(dag, "dag_id", "owner"))
)
known_versions = select(dag_version.c.dag_id, dag_version.c.version, dag_version.c.spec_hash).where(
    dag_version.c.dag_id.in_(listed("dag_ids")), dag_version.c.version.in_(listed("versions"))
)
add_versions = insert(dag_version)
update_versions = (
    update(dag_version)
    .where(dag_version.c.dag_id == bindparam("old_dag_id"), dag_version.c.version == bindparam("old_version"))
    .values(named(dag_version, ["spec", "spec_hash"]))
)
add_runs = insert(dag_run)
add_tasks = insert(task_instance)
add_attempts = insert(attempt)
update_runs = (
    update(dag_run)
    .where(
        dag_run.c.id == bindparam("old_id"),
        dag_run.c.rev == bindparam("old_rev"),
        dag_run.c.state == bindparam("old_state"),
    )
    .values(changing(dag_run, "id", "dag_id", "run_id", "run_type", "logical_date", "scheduled_key"))
)
update_tasks = (
    update(task_instance)
    .where(
        task_instance.c.id == bindparam("old_id"),
        task_instance.c.rev == bindparam("old_rev"),
        task_instance.c.state == bindparam("old_state"),
    )
    .values(changing(task_instance, "id", "run", "task_id"))
)
update_attempts = (
    update(attempt)
    .where(attempt.c.id == bindparam("old_id"), attempt.c.state == bindparam("old_state"))
    .values(changing(attempt, "id", "task_instance", "try_number"))
)
settle_commands = (
    update(command)
    .where(command.c.id == bindparam("old_id"), command.c.state == "pending")
    .values(named(command, ["state", "result", "handled_at"]))
)

# Removing runs and DAGs, a slice of runs at a time so that no single statement takes long.
runs_to_remove = select(dag_run.c.id).where(dag_run.c.dag_id == bindparam("dag_id")).limit(bindparam("limit"))
dags_of_runs = select(dag_run.c.dag_id).where(dag_run.c.id.in_(listed("runs"))).distinct()
remove_attempts = delete(attempt).where(
    attempt.c.task_instance.in_(select(task_instance.c.id).where(task_instance.c.run.in_(listed("runs"))))
)
remove_attempts_by_id = delete(attempt).where(attempt.c.id.in_(listed("ids")))
remove_tasks = delete(task_instance).where(task_instance.c.run.in_(listed("runs")))
remove_runs = delete(dag_run).where(dag_run.c.id.in_(listed("runs")))
remove_versions = delete(dag_version).where(dag_version.c.dag_id == bindparam("dag_id"))
remove_dag = delete(dag).where(dag.c.dag_id == bindparam("dag_id"))
owner_of = select(dag.c.owner).where(dag.c.dag_id == bindparam("dag_id"))

# --- what a scheduler loads ----------------------------------------------------------------------------------

_current_version = sa.and_(dag_version.c.dag_id == dag.c.dag_id, dag_version.c.version == dag.c.version)
dags = select(dag, dag_version.c.spec).join(dag_version, _current_version).order_by(dag.c.dag_id)
dag_ids = select(dag.c.dag_id).order_by(dag.c.dag_id)
one_dag = dags.where(dag.c.dag_id == bindparam("dag_id"))
owned_dags = dags.where(dag.c.owner == bindparam("lease"))

_unfinished = sa.and_(
    dag_run.c.state.in_(_UNFINISHED_RUN),
    dag_run.c.dag_id.in_(select(dag.c.dag_id).where(dag.c.owner == bindparam("lease"))),
)
unfinished_runs = select(dag_run).where(_unfinished).order_by(dag_run.c.run_after, dag_run.c.id)
_unfinished_versions = select(dag_run.c.dag_id, dag_run.c.version).where(_unfinished).distinct().subquery()
unfinished_versions = select(dag_version).join(
    _unfinished_versions,
    sa.and_(
        _unfinished_versions.c.dag_id == dag_version.c.dag_id,
        _unfinished_versions.c.version == dag_version.c.version,
    ),
)
unfinished_tasks = (
    select(task_instance)
    .join(dag_run, dag_run.c.id == task_instance.c.run)
    .where(_unfinished)
    .order_by(task_instance.c.id)
)
unfinished_attempts = (
    select(attempt)
    .join(task_instance, task_instance.c.id == attempt.c.task_instance)
    .join(dag_run, dag_run.c.id == task_instance.c.run)
    .where(attempt.c.state.in_(UNFINISHED_ATTEMPT), _unfinished)
    .order_by(attempt.c.id)
)
dated_runs = (
    select(dag_run)
    .where(
        dag_run.c.dag_id == bindparam("dag_id"),
        dag_run.c.logical_date.between(bindparam("since"), bindparam("until")),
    )
    .order_by(dag_run.c.logical_date, dag_run.c.id)
    .limit(bindparam("limit"))
)


def _latest_before(state: str | None = None) -> Select[Any]:
    """The run of `dag_id` with the greatest date before `logical_date`, in `state` if there is one.

    The date first, which is one step into an index: sorting by date and id, MariaDB may walk there from the last run.
    """

    def fits(run: Any) -> list[ColumnElement[bool]]:
        of_dag = run.c.dag_id == bindparam("dag_id")
        return [of_dag] if state is None else [of_dag, run.c.state == state]

    other = dag_run.alias("other")
    date = (
        select(func.max(other.c.logical_date))
        .where(*fits(other), other.c.logical_date < bindparam("logical_date"))
        .scalar_subquery()
    )
    return (
        select(dag_run)
        .where(*fits(dag_run), dag_run.c.logical_date == date)
        .order_by(dag_run.c.id.desc())
        .limit(1)
    )


run_before = _latest_before()
success_before = _latest_before(RunState.SUCCESS.value)
values = select(attempt.c.id, attempt.c.value).where(attempt.c.id.in_(listed("ids")))
pending_commands = (
    select(command)
    .join(dag, dag.c.dag_id == command.c.dag_id, isouter=True)
    .where(
        command.c.state == "pending",
        sa.or_(
            dag.c.owner == bindparam("lease"),
            dag.c.dag_id.is_(None),  # a DAG to publish, or one that was deleted meanwhile: that is refused
        ),
    )
    .order_by(command.c.id)
)

# --- anyone's writes -----------------------------------------------------------------------------------------

add_command = insert(command)
command_by_key = select(command).where(command.c.idem_key == bindparam("key"))


@cache
def commands_page(of_dag: bool, of_actor: bool, after_key: bool) -> Select[Any]:
    """Newest first. Parameters `dag_id`, `actor` and `id` as asked for, and `limit`."""
    # A published DAG may have a megabyte.
    payload = sa.case((command.c.kind == "publish", "{}"), else_=command.c.payload).label("payload")
    columns = [payload if column.name == "payload" else column for column in command.c]
    conditions: list[ColumnElement[bool]] = []
    if of_dag:
        conditions.append(command.c.dag_id == bindparam("dag_id"))
    if of_actor:
        conditions.append(command.c.actor == bindparam("actor"))
    if after_key:
        conditions.append(command.c.id < bindparam("id"))
    return select(*columns).where(*conditions).order_by(command.c.id.desc()).limit(bindparam("limit"))


command_by_id = select(command).where(command.c.id == bindparam("id"))
add_dag_file = insert(dag_file)
replace_dag_file = (
    update(dag_file).where(dag_file.c.id == bindparam("old_id")).values(changing(dag_file, "id", "path"))
)
remove_dag_file = delete(dag_file).where(dag_file.c.id == bindparam("id"))

# --- reads ---------------------------------------------------------------------------------------------------

version_spec = select(dag_version.c.spec).where(
    dag_version.c.dag_id == bindparam("dag_id"), dag_version.c.version == bindparam("version")
)
one_run = select(dag_run).where(
    dag_run.c.dag_id == bindparam("dag_id"), dag_run.c.run_id == bindparam("run_id")
)
some_runs = select(dag_run).where(
    dag_run.c.dag_id == bindparam("dag_id"), dag_run.c.run_id.in_(listed("run_ids"))
)
some_versions = select(dag_version).where(
    dag_version.c.dag_id == bindparam("dag_id"), dag_version.c.version.in_(listed("versions"))
)
tasks_of_runs = (
    select(task_instance).where(task_instance.c.run.in_(listed("runs"))).order_by(task_instance.c.id)
)
versions = (
    select(dag_version.c.version, dag_version.c.created_at)
    .where(dag_version.c.dag_id == bindparam("dag_id"))
    .order_by(dag_version.c.created_at.desc(), dag_version.c.version)
)
version_counts = (
    select(dag_run.c.version, func.count())
    .where(dag_run.c.dag_id == bindparam("dag_id"))
    .group_by(dag_run.c.version)
)
tasks_of_run = (
    select(task_instance).where(task_instance.c.run == bindparam("run")).order_by(task_instance.c.id)
)
attempts_of_task = (
    select(attempt)
    .where(attempt.c.task_instance == bindparam("task_instance"))
    .order_by(attempt.c.try_number)
)
dag_files = select(dag_file).order_by(dag_file.c.id)
task_counts = (
    select(task_instance.c.run, task_instance.c.state, func.count())
    .where(task_instance.c.run.in_(listed("runs")))
    .group_by(task_instance.c.run, task_instance.c.state)
)

#: As few rows as there are states in a run: carrying a row for each task instance costs ten times as much.
tasks_in_states = (
    select(task_instance.c.run, task_instance.c.state, func.aggregate_strings(task_instance.c.task_id, ","))
    .where(task_instance.c.run.in_(listed("runs")))
    .group_by(task_instance.c.run, task_instance.c.state)
)
#: For Oracle, whose LISTAGG ends at 4,000 characters.
task_states = select(task_instance.c.run, task_instance.c.state, task_instance.c.task_id).where(
    task_instance.c.run.in_(listed("runs"))
)


@cache
def latest_runs(one: bool) -> Select[Any]:
    """Runs not older than the `offset`-th newest of their DAG; of the DAG `dag_id` if `one`.

    For each DAG one step into ix_dag_run_newest and a short walk: the cost follows the runs that are shown, not
    those that exist (a window function reads them all). Runs of the same instant may be too many: cut the rest off.
    """
    other = dag_run.alias("other")
    threshold = (
        select(other.c.run_after)
        .where(other.c.dag_id == dag.c.dag_id)
        .order_by(other.c.run_after.desc(), other.c.id.desc())
        .limit(1)
        .offset(bindparam("offset"))
        .correlate(dag)
        .scalar_subquery()
    )
    bounds = select(dag.c.dag_id, threshold.label("since"))
    if one:
        bounds = bounds.where(dag.c.dag_id == bindparam("dag_id"))
    bound = bounds.distinct().subquery()  # DISTINCT, so that SQLite works it out first, once for each DAG
    since = func.coalesce(bound.c.since, sa.literal(-1e300, sa.Double()))
    return (
        select(dag_run)
        .join(bound, sa.and_(bound.c.dag_id == dag_run.c.dag_id, dag_run.c.run_after >= since))
        .order_by(dag_run.c.dag_id, dag_run.c.run_after.desc(), dag_run.c.id.desc())
    )


_run_date = func.coalesce(dag_run.c.logical_date, dag_run.c.run_after)
run_dates = select(_run_date, dag_run.c.state).where(
    dag_run.c.dag_id == bindparam("dag_id"), _run_date >= bindparam("since"), _run_date < bindparam("until")
)
attempts_of_run = (
    select(
        task_instance.c.task_id,
        task_instance.c.map_index,
        attempt.c.try_number,
        attempt.c.state,
        attempt.c.queued_at,
        attempt.c.started_at,
        attempt.c.ended_at,
        attempt.c.worker,
    )
    .join(attempt, attempt.c.task_instance == task_instance.c.id)
    .where(task_instance.c.run == bindparam("run"))
)

#: Before `%` and `_` in a pattern of LIKE that stand for themselves; no backslash, which MySQL reads in its own way.
ESCAPE = "/"


@cache
def runs_page(filters: frozenset[str]) -> Select[Any]:
    """A page of runs, newest first. `filters`: "dag_id", "before", and fields of `RunFilter`, as they count.

    Parameters: these fields by name (`search` as a pattern of LIKE), for "before" `run_after`
    and `id`, and `limit`.
    """
    searched = func.lower(bindparam("search"))
    possible: dict[str, ColumnElement[bool]] = {
        "dag_id": dag_run.c.dag_id == bindparam("dag_id"),
        "states": dag_run.c.state.in_(listed("states")),
        "types": dag_run.c.run_type.in_(listed("types")),
        "since": _run_date >= bindparam("since"),
        "until": _run_date < bindparam("until"),
        "backfill": dag_run.c.backfill == bindparam("backfill"),
        "search": sa.or_(
            func.lower(dag_run.c.run_id).like(searched, escape=ESCAPE),
            func.lower(dag_run.c.note).like(searched, escape=ESCAPE),
        ),
    }
    conditions = [condition for name, condition in possible.items() if name in filters]
    if "before" in filters:
        # A row comparison in words, as Oracle has none; the first part alone is what an index can use.
        earlier = sa.or_(dag_run.c.run_after < bindparam("run_after"), dag_run.c.id < bindparam("id"))
        conditions.append(sa.and_(dag_run.c.run_after <= bindparam("run_after"), earlier))
    newest_first: Sequence[ColumnElement[Any]] = (dag_run.c.run_after.desc(), dag_run.c.id.desc())
    return select(dag_run).where(*conditions).order_by(*newest_first).limit(bindparam("limit"))
