"""`run_dag`, `step_dag` and `run_task`: what `dag.test(...)` and `task.test(...)` call, and pytest's fixtures too."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any, Protocol

from studio.core.dates import instant_of, zone_of
from studio.core.names import shown
from studio.core.parameters import check_names, check_value
from studio.core.spec import DagSpec
from studio.errors import InvalidInput
from studio.settings import is_parsing
from studio.testing.plan import Patterns, Plan, answers_of, chosen, given_of, stops_of
from studio.testing.results import TestedTask, TestRun
from studio.testing.stepping import NoTrial, Trial
from studio.testing.trial import run_plan
from studio.testing.watching import Watch, graph_of

When = str | date | datetime


class Published(Protocol):
    """A DAG as data: `studio.authoring.snapshot.Snapshot`."""

    @property
    def spec(self) -> DagSpec: ...

    @property
    def sources(self) -> dict[str, bytes]: ...


@dataclass(frozen=True, slots=True)
class DagData:
    """A `Published`."""

    spec: DagSpec
    sources: dict[str, bytes]


class Dag(Protocol):
    """What is asked of a `studio.DAG`."""

    @property
    def tasks(self) -> Sequence[Any]: ...

    def snapshot(self) -> Any:
        """A `Published`."""


def run_dag(
    dag: Dag | Published,
    logical_date: When | None = None,
    params: Mapping[str, Any] | None = None,
    *,
    values: Mapping[str, Any] | None = None,
    succeed: Patterns = (),
    skip: Patterns = (),
    tasks: Patterns = (),
    answers: Mapping[str, str | Sequence[str]] | None = None,
    connections: Mapping[str, Any] | None = None,
    variables: Mapping[str, Any] | None = None,
    at: When | None = None,
    fast_retries: bool = True,
    on_progress: Callable[[str, str], object] | None = None,
    directory: str | Path | None = None,
) -> TestRun:
    """Run a DAG in this process, without server and database, to its end. See `DAG.test`, which takes the same."""
    published, functions = _published(dag)
    if is_parsing():  # of a DAG file that tests itself
        return TestRun(published.spec.id, "", "none", ())
    plan = _plan(
        published,
        functions,
        logical_date,
        params,
        values=values,
        succeed=succeed,
        skip=skip,
        tasks=tasks,
        answers=answers,
        connections=connections,
        variables=variables,
        at=at,
        fast_retries=fast_retries,
    )
    watch = Watch(graph_of(dag, plan.spec), on_progress)
    plan = replace(plan, on_progress=watch.note, on_look=watch.draw)
    run = run_plan(plan, None if directory is None else Path(directory))
    watch.draw_end(run)
    return run


def step_dag(
    dag: Dag | Published,
    logical_date: When | None = None,
    params: Mapping[str, Any] | None = None,
    *,
    stop_before: Patterns = (),
    on_progress: Callable[[str, str], object] | None = None,
    directory: str | Path | None = None,
    **asked: Any,
) -> Trial:
    """Begin to run a DAG as `run_dag` does, and pause before the tasks of `stop_before`, without: before each."""
    published, functions = _published(dag)
    if is_parsing():
        return NoTrial(published.spec.id)
    stops = stops_of(published.spec, stop_before)
    plan = _plan(published, functions, logical_date, params, **asked)
    watch = Watch(graph_of(dag, plan.spec), on_progress)
    plan = replace(plan, on_progress=watch.note, on_look=watch.draw)
    return Trial(plan, stops, None if directory is None else Path(directory), partial(_show, watch))


def _show(watch: Watch, trial: Trial) -> None:
    if trial.is_over:
        watch.draw_end(trial.run)
    else:
        watch.draw_pause(trial.run, trial.next_tasks)


def _plan(
    published: Published,
    functions: Mapping[str, Callable[..., Any]],
    logical_date: When | None,
    params: Mapping[str, Any] | None,
    *,
    values: Mapping[str, Any] | None = None,
    succeed: Patterns = (),
    skip: Patterns = (),
    tasks: Patterns = (),
    answers: Mapping[str, str | Sequence[str]] | None = None,
    connections: Mapping[str, Any] | None = None,
    variables: Mapping[str, Any] | None = None,
    at: When | None = None,
    fast_retries: bool = True,
) -> Plan:
    """What is asked for, checked."""
    spec = published.spec
    given = given_of(spec, values, succeed, skip)
    given_params = dict(params or {})
    check_names(given_params, "a DAG")
    return Plan(
        spec=spec,
        sources=published.sources,
        given=given,
        functions=functions,
        logical_date=_instant(logical_date, spec, "logical_date"),
        params={name: check_value(value, f"params[{shown(name)}]") for name, value in given_params.items()},
        subset=chosen(spec, tasks, given),
        answers=answers_of(spec, answers),
        connections=dict(connections or {}),
        variables=dict(variables or {}),
        at=_instant(at, spec, "at"),
        fast_retries=fast_retries,
    )


def run_task(
    task: Any, logical_date: When | None = None, params: Mapping[str, Any] | None = None, **asked: Any
) -> Any:
    """Run one task as `run_dag` does: a `TestedTask`, of a mapped task a list of them.

    What it needs of other tasks is given by `values=`. The other keywords are those of `run_dag`, without `tasks`.
    """
    if not getattr(task, "is_studio_task", False):
        raise InvalidInput(f"{shown(task)} is no task.", hint="Give the task itself: dag['extract'].")
    run = run_dag(task.dag, logical_date, params, tasks=[task.task_id], **asked)
    found: TestedTask | list[TestedTask] = run[task.task_id]
    return found


def _published(dag: Any) -> tuple[Published, dict[str, Callable[..., Any]]]:
    if not hasattr(dag, "snapshot"):
        return dag, {}
    return dag.snapshot(), {
        task.task_id: own for task in dag.tasks if (own := _function_of(task)) is not None
    }


def _function_of(task: Any) -> Callable[..., Any] | None:
    """What a function task calls, where that is an object of this process and not to run in another one."""
    code = getattr(task.work, "code", None)
    if code is None or getattr(task.work, "environment", None) is not None:
        return None
    found: Callable[..., Any] | None = getattr(code, "function", None) or _of_script(code.name)
    return found


def _of_script(name: str) -> Callable[..., Any] | None:
    """A function of the script that runs: to import it by the script's name would run all of that once more."""
    module, _, qualified = name.partition(":")
    script = sys.modules["__main__"]
    if Path(getattr(script, "__file__", None) or "").stem != module:
        return None
    try:
        found = attrgetter(qualified)(script)
    except AttributeError:
        return None
    function: Callable[..., Any] = (
        found.function if getattr(found, "is_studio_task_function", False) else found
    )
    return function


def _instant(when: When | None, spec: DagSpec, field: str) -> float | None:
    if when is None:
        return None
    text = when.isoformat() if isinstance(when, (date, datetime)) else when
    return instant_of(text, zone_of(spec.timezone), field)
