"""DAGs, their versions and what they run on."""

from __future__ import annotations

from datetime import datetime

from studio.api.models.base import Body, Model
from studio.api.models.runs import RunSummary
from studio.api.models.server import ErrorDetail
from studio.core.schedule_spec import ScheduleSpec
from studio.core.spec import DagSpec

# --- requests ------------------------------------------------------------------------------------------------


class PublishDag(Body, frozen=True, kw_only=True):
    """Register a DAG, or a new version of it."""

    spec: DagSpec


class UpdateDag(Body, frozen=True, kw_only=True):
    """Change what is not part of the spec."""

    paused: bool


class UpdateDags(Body, frozen=True, kw_only=True):
    """The same change of several DAGs."""

    dag_ids: list[str]
    paused: bool


class PreviewSchedule(Body, frozen=True, kw_only=True):
    """A schedule that is not part of a DAG yet. Dates without offset are in `timezone`."""

    schedule: ScheduleSpec
    timezone: str = "UTC"
    start_date: str | None = None
    end_date: str | None = None
    after: str | None = None  # the runs after this moment; without it, after now
    count: int = 5


# --- answers -------------------------------------------------------------------------------------------------


class TaskNode(Model, frozen=True, kw_only=True):
    """A task in the graph of a DAG."""

    id: str
    kind: str  # of an operator's task the operator: "shell", …
    upstream: list[str]
    trigger_rule: str
    retries: int
    label: str  # what is drawn below the id: the notebook's or the function's name
    group: str = ""
    role: str = "work"  # or setup, teardown
    mapped: bool = False  # it, or a group around it, is expanded at run time
    pool: str = "default"


class DagSummary(Model, frozen=True, kw_only=True):
    """A DAG in a list, with its newest runs (newest first)."""

    dag_id: str
    description: str
    tags: list[str]
    paused: bool
    schedule: str | None  # in the words it was written
    timezone: str
    next_run: datetime | None
    version: str
    task_count: int
    runs: list[RunSummary]
    error: str | None  # its file cannot be used at present; the last good version stays
    rev: int
    failures: int = 0  # failed runs in a row, if the DAG pauses after some


class DagDetail(Model, frozen=True, kw_only=True):
    """A DAG with its graph."""

    dag: DagSummary
    tasks: list[TaskNode]
    spec: DagSpec


class DagFileStatus(Model, frozen=True, kw_only=True):
    """A file of the DAG folder."""

    path: str
    dag_ids: list[str]
    error: str | None
    error_line: int | None
    parsed_at: datetime


class DagList(Model, frozen=True, kw_only=True):
    dags: list[DagSummary]
    files: list[DagFileStatus]


class DagRefusal(Model, frozen=True, kw_only=True):
    """A DAG of a list for which it could not be done."""

    dag_id: str
    error: ErrorDetail


class DagsDone(Model, frozen=True, kw_only=True):
    """For which DAGs of a list it was done, and for which not."""

    done: list[str]
    refused: list[DagRefusal]


class VersionSummary(Model, frozen=True, kw_only=True):
    """A version of a DAG."""

    version: str  # content hash of what changes behaviour
    created_at: datetime
    runs: int  # that have it
    current: bool


class VersionList(Model, frozen=True, kw_only=True):
    """Newest first."""

    versions: list[VersionSummary]


class VersionDetail(Model, frozen=True, kw_only=True):
    """A version with its spec."""

    version: VersionSummary
    spec: DagSpec


class TaskCode(Model, frozen=True, kw_only=True):
    """What a task of a version consists of, as text."""

    task_id: str
    kind: str
    where: str  # the notebook's path, or the function's module and name
    settings: str  # JSON, without what has its default
    code: str  # a notebook in the percent format
    language: str  # "python", "r", "bash", "sql", …; empty without code


class VersionCode(Model, frozen=True, kw_only=True):
    """A version of a DAG as text, for reading and for comparing."""

    settings: str  # of the DAG: JSON, without what has its default
    tasks: list[TaskCode]


class NextRun(Model, frozen=True, kw_only=True):
    """A run that a schedule asks for."""

    run_after: datetime  # when it starts
    logical_date: datetime
    interval_start: datetime  # the data it is about: from here
    interval_end: datetime  # up to here, exclusive
    local: str  # `run_after` on the wall clock of the DAG's zone, ISO 8601 with offset


class SchedulePreview(Model, frozen=True, kw_only=True):
    """The next runs of a schedule; fewer than asked for if it ends, none if no clock decides on it."""

    text: str  # as it was written
    words: str  # in English
    timezone: str
    runs: list[NextRun]
