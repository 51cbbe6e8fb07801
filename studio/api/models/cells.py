"""Marked cells of a notebook that somebody is writing, and what they come to."""

from __future__ import annotations

from typing import Literal

from studio.api.models.base import Body, Model


class CheckCells(Body, frozen=True, kw_only=True):
    """The sources of all code cells, in the order of the notebook."""

    cells: list[str]


class CellRead(Model, frozen=True, kw_only=True):
    """A name that a task takes from outside of its cell."""

    name: str
    by: str  # the task that gives it; "": the run does (a param, a name of its context)


class CellTask(Model, frozen=True, kw_only=True):
    """A %%task cell."""

    id: str
    cell: int  # index into the cells that were sent
    kind: str
    upstream: list[str]
    label: str
    reads: list[CellRead]
    gives: list[str]  # names that tasks below read


class CellProblem(Model, frozen=True, kw_only=True):
    """Something wrong with the cells, or hardly meant so."""

    code: str
    message: str
    hint: str  # what to do; may be empty
    cell: int | None  # index into the cells that were sent; None: it is of no single cell
    line: int | None  # from 1, of the cell's whole source
    severity: Literal["error", "warning"]
    task: str | None


class CellsChecked(Model, frozen=True, kw_only=True):
    """What the cells come to. The fields are those of the graph that `%dag` shows."""

    dag_id: str  # "": there is no %dag cell, or it has no name
    tasks: list[CellTask]
    problems: list[CellProblem]
