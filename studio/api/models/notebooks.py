"""Notebooks as sources: what they take, and whether they have changed."""

from __future__ import annotations

from typing import Any, Literal

from studio.api.models.base import Body, Model
from studio.api.models.dags import DagDetail, DagSummary
from studio.api.models.runs import RunDetail
from studio.core.schedule_spec import ScheduleSpec


class InspectNotebook(Body, frozen=True, kw_only=True):
    """A notebook on the server's machine: relative to its directory of notebooks, or absolute."""

    path: str


class Notify(Body, frozen=True, kw_only=True):
    """Who is told how runs end: a connection to a webhook (https) or a mail server (smtp, smtps)."""

    connection: str
    on: list[Literal["failure", "success"]] = []  # none: failure
    to: list[str] = []  # addresses, for mail


class PublishNotebook(Body, frozen=True, kw_only=True):
    """A DAG of one notebook. Text in `parameters` may hold templates; those that are left out have their default."""

    path: str  # as in `InspectNotebook`
    dag_id: str | None = None  # None: after the name of the file
    description: str = ""
    schedule: ScheduleSpec | None = None
    timezone: str = "UTC"
    start_date: str | None = None
    end_date: str | None = None
    parameters: dict[str, Any] = {}
    kernel_name: str | None = None  # None: the notebook's own
    retries: int = 0
    retry_delay: float = 300.0  # seconds
    timeout: float | None = None  # seconds
    source: Literal["snapshot", "latest"] = "snapshot"  # as it is now, or as it is when it runs
    export: list[Literal["html", "pdf"]] = []
    copy_to: str | None = None  # a folder, relative to the notebook, for copies of what came out; a template
    notify: Notify | None = None
    replace: bool = False  # a DAG of this id that was not made so may be replaced
    start: bool = False  # a run at once


class NotebookPublished(Model, frozen=True, kw_only=True):
    """What came of it."""

    dag: DagDetail
    run: RunDetail | None  # that was started


class PublishFile(Body, frozen=True, kw_only=True):
    """A DAG file: a notebook or a Python file that defines DAGs."""

    path: str  # as in `InspectNotebook`


class FilePublished(Model, frozen=True, kw_only=True):
    """The DAGs of a file, in its order, and what is hardly meant so, with its place."""

    dags: list[DagSummary]
    warnings: list[str]


class NotebookInfo(Model, frozen=True, kw_only=True):
    """What a notebook is and takes."""

    path: str  # absolute
    language: str
    kernel_name: str | None  # None: it names none
    parameters: dict[str, Any]  # JSON Schema (draft 2020-12) of an object with a property for each, in order
    cells: int
    warnings: list[str]
    digest: str  # SHA-256


class TaskParameters(Model, frozen=True, kw_only=True):
    """What the notebook of a task takes, and what the DAG gives to it.

    In `parameters`, `x-studio-param` names the param of the run that sets a property; one that is `readOnly` is filled
    in when the task runs; `x-studio-inferred` marks a type that is only that of the default.
    """

    task_id: str
    path: str
    parameters: dict[str, Any]
    warnings: list[str]
