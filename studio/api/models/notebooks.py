"""Notebooks as sources: what they take, and whether they have changed."""

from __future__ import annotations

from typing import Any

from studio.api.models.base import Body, Model


class InspectNotebook(Body, frozen=True, kw_only=True):
    """A notebook on the server's machine: relative to its directory of notebooks, or absolute."""

    path: str


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
