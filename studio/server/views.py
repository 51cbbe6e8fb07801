"""Records of the store → models of the wire. Pure functions; nothing here reads the database or a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path, PurePath
from typing import Any

from studio.api import models as m
from studio.core.model import Attempt, Dag, DagFile, Run, TaskInstance
from studio.core.operator_config import operator_title
from studio.core.origins import origin_of
from studio.core.schedules import schedule_of
from studio.core.spec import DagSpec, TaskSpec
from studio.core.why import Reason
from studio.errors import StudioError
from studio.ports import RunOverview


def when(instant: float) -> datetime:
    """Seconds since the epoch as an aware UTC datetime."""
    return datetime.fromtimestamp(instant, timezone.utc)


def maybe(instant: float | None) -> datetime | None:
    return None if instant is None else when(instant)


def run_summary(run: Run, counts: Mapping[str, int]) -> m.RunSummary:
    origin = origin_of(run)
    return m.RunSummary(
        dag_id=run.dag_id,
        run_id=run.run_id,
        run_type=run.run_type,
        state=run.state,
        cancelling=run.cancelling,
        with_failures=run.with_failures,
        version=run.version,
        run_after=when(run.run_after),
        logical_date=maybe(run.logical_date),
        queued_at=when(run.queued_at),
        started_at=maybe(run.started_at),
        ended_at=maybe(run.ended_at),
        triggered_by=run.triggered_by,
        params=dict(run.params),
        counts=dict(counts),
        rev=run.rev,
        ending=run.ending,
        reason=run.reason,
        interval_start=maybe(run.interval_start),
        interval_end=maybe(run.interval_end),
        backfill=run.backfill,
        subset=list(run.subset),
        note=run.note,
        triggered_by_task=None if origin is None else m.TaskLink(**asdict(origin)),
    )


def task_status(task: TaskInstance) -> m.TaskStatus:
    return m.TaskStatus(
        task_id=task.task_id,
        map_index=task.map_index,
        state=task.state,
        try_number=task.try_number,
        max_tries=task.max_tries,
        started_at=maybe(task.started_at),
        ended_at=maybe(task.ended_at),
        retry_at=maybe(task.retry_at),
        rev=task.rev,
        map_path=list(task.map_path),
        label=task.label,
        note=task.note,
        waiting_since=maybe(task.waiting_since),
        looks=task.looks,
    )


def run_detail(run: Run, tasks: Sequence[TaskInstance]) -> m.RunDetail:
    """Tasks in the order of the DAG; mapped ones by their indexes, whenever they were made."""
    counts = Counter(task.state.value for task in tasks)
    place: dict[str, int] = {}
    for task in tasks:
        place.setdefault(task.task_id, len(place))
    ordered = sorted(tasks, key=lambda task: (place[task.task_id], task.map_path, task.map_index))
    return m.RunDetail(run=run_summary(run, counts), tasks=[task_status(task) for task in ordered])


def reason_info(reason: Reason) -> m.ReasonInfo:
    return m.ReasonInfo(code=reason.code, message=reason.message, facts=dict(reason.facts))


def overview(item: RunOverview) -> m.RunSummary:
    return run_summary(item.run, item.counts)


def dag_summary(dag: Dag, runs: Sequence[RunOverview], files: Iterable[DagFile]) -> m.DagSummary:
    """`runs`: the newest of the DAG; `files`: all of the DAG folder."""
    spec = dag.spec
    return m.DagSummary(
        dag_id=dag.dag_id,
        description=spec.description,
        tags=list(spec.tags),
        paused=dag.paused,
        schedule=schedule_text(spec),
        timezone=spec.timezone,
        next_run=maybe(dag.next_due),
        version=dag.version,
        task_count=len(spec.tasks),
        runs=[overview(run) for run in runs],
        error=next((file.error for file in files if file.error and dag.dag_id in file.dag_ids), None),
        rev=dag.rev,
        failures=dag.failures,
    )


def dag_detail(summary: m.DagSummary, spec: DagSpec) -> m.DagDetail:
    return m.DagDetail(dag=summary, tasks=task_nodes(spec), spec=spec)


def schedule_text(spec: DagSpec) -> str | None:
    """The schedule as it was written; None without one."""
    try:
        schedule = schedule_of(spec)
    except StudioError:  # an old spec whose zone this machine no longer knows
        return "(cannot be read)"
    return None if schedule is None else schedule.text


def task_nodes(spec: DagSpec) -> list[m.TaskNode]:
    mapped = mapped_groups(spec)
    return [task_node(task, is_mapped=task.expand is not None or task.group in mapped) for task in spec.tasks]


def task_node(task: TaskSpec, *, is_mapped: bool = False) -> m.TaskNode:
    return m.TaskNode(
        id=task.id,
        kind=_kind(task),
        upstream=list(task.upstream),
        trigger_rule=task.trigger_rule,
        retries=task.retries,
        label=_label(task),
        group=task.group,
        role=task.role,
        mapped=is_mapped,
        pool=task.pool,
    )


def mapped_groups(spec: DagSpec) -> frozenset[str]:
    """Groups that are expanded, or are in one that is."""
    groups = {group.id: group for group in spec.groups}

    def is_mapped(name: str) -> bool:
        seen: set[str] = set()
        while name in groups and name not in seen:
            seen.add(name)
            if groups[name].expand is not None:
                return True
            name = groups[name].parent
        return False

    return frozenset(name for name in groups if is_mapped(name))


def dag_file_status(file: DagFile) -> m.DagFileStatus:
    return m.DagFileStatus(
        path=file.path,
        dag_ids=list(file.dag_ids),
        error=file.error,
        error_line=file.error_line,
        parsed_at=when(file.parsed_at),
    )


def attempt_info(
    attempt: Attempt, output_path: Path | None, source_changed: bool | None = None
) -> m.AttemptInfo:
    return m.AttemptInfo(
        id=attempt.id,
        try_number=attempt.try_number,
        state=attempt.state,
        queued_at=when(attempt.queued_at),
        started_at=maybe(attempt.started_at),
        ended_at=maybe(attempt.ended_at),
        worker=attempt.worker,
        error=attempt.error,
        value=attempt.value,
        details=dict(attempt.details),
        directory=attempt.directory,
        output_path=None if output_path is None else str(output_path),
        source_changed=source_changed,
    )


def _kind(task: TaskSpec) -> str:
    """For people: of operators their own name, "shell" for one."""
    return operator_title(task.config) if task.kind == "operator" else task.kind


def _label(task: TaskSpec) -> str:
    config: dict[str, Any] = task.config
    if task.kind == "notebook" and "cell" in config:
        return "cell"
    if task.kind == "notebook" and isinstance(config.get("path"), str):
        return PurePath(config["path"]).name
    if task.kind == "function" and isinstance(config.get("function"), str):
        return str(config["function"]).rpartition(":")[2]
    return _kind(task)
