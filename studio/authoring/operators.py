"""The kinds of tasks that run in a worker: `notebook(...)` and `function(...)`, and what a function may decide."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from typing_extensions import TypedDict, Unpack

from studio.authoring import notebooks
from studio.authoring.arguments import flag, mapping
from studio.authoring.context import dag_of
from studio.authoring.environments import Environment, environment_of
from studio.authoring.functions import Code, Target, code_of, short_name
from studio.authoring.groups import current_group, default_of, inner_id
from studio.authoring.notebook_options import NOTEBOOK_KEYWORDS, notebook_settings
from studio.authoring.options import (
    DEFAULTS,
    CommonOptions,
    NotebookOptions,
    TaskOptions,
    check_options,
    spec_fields,
)
from studio.authoring.places import here
from studio.authoring.references import plain
from studio.authoring.sensor_options import SENSOR_KEYWORDS, sensor_fields
from studio.authoring.tasks import Task, Work
from studio.core.names import shown
from studio.core.parameters import check_names
from studio.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class NotebookWork:
    """Execute a notebook: as it is when the DAG is published, or when the task starts, or of a revision."""

    path: Path
    parameters: Mapping[str, Any]
    settings: Mapping[str, Any]  # of `studio.authoring.notebook_options`

    kind = "notebook"

    @property
    def label(self) -> str:
        return self.path.name

    def config(self, sources: dict[str, bytes], *, is_mapped: bool) -> dict[str, Any]:
        """Takes the content of a notebook that runs as published into `sources`, as of now."""
        source = self._read()
        config: dict[str, Any] = {"path": str(self.path)}
        if "source" not in self.settings:
            config["digest"] = source.digest
            sources[source.digest] = source.content
        config["cwd"] = str(self.path.parent)
        config["parameters"] = source.check(self.parameters)
        if not is_mapped:
            source.check_required(self.parameters)
        source.warn_of_kernel(self.settings.get("kernel_name"))
        return {**config, **self.settings}

    def check_mapped(self, arguments: Iterable[str]) -> None:
        self._read().check_names(arguments)

    def _read(self) -> notebooks.NotebookSource:
        return notebooks.read(self.path, self.settings.get("revision"))


@dataclass(frozen=True, slots=True)
class FunctionWork:
    """Call a function: of a module, by name; of a cell, by its source; of another function, pickled."""

    code: Code
    args: Mapping[str, Any]
    environment: Environment | None = None  # None: the worker's own

    kind = "function"

    @property
    def label(self) -> str:
        return self.code.name.rpartition(":")[2] + "()"

    def config(self, sources: dict[str, bytes], *, is_mapped: bool) -> dict[str, Any]:
        """Takes what is pickled into `sources`, and reads the source of a function and its requirements as of now."""
        environment = {} if self.environment is None else self.environment.config()
        return {**self.code.config(sources), "args": dict(self.args), **environment}

    def check_mapped(self, arguments: Iterable[str]) -> None:
        check_names(dict.fromkeys(arguments), f"the function {self.code.name}")
        twice = [name for name in arguments if name in self.args]
        if twice:
            raise InvalidInput(
                f"The argument {shown(twice[0])} of {self.code.name} is given, and mapped over.",
                field="expand",
            )


def notebook(
    path: str | os.PathLike[str],
    *,
    parameters: Mapping[str, Any] | None = None,
    **options: Unpack[NotebookOptions],
) -> Task:
    """A task that executes a notebook with papermill and keeps the executed notebook.

    Args:
        path: the .ipynb file, relative to the file that calls this; in cells, to the kernel's directory.
        parameters: values for names of the notebook's cell tagged `parameters`; text may hold templates (`{{ ds }}`),
            and `task.output` stands for what another task returned. What the cell annotates (`n: int = 1`) is checked.
        options: what every task takes: task_id (by default the file's name without .ipynb), after, retries,
            retry_delay, timeout, trigger_rule, pool, … (`studio.authoring.options.TaskOptions`), and for notebooks
            (`NotebookOptions` there says more):
            kernel_name: a kernelspec; by default the notebook's own.
            source: "snapshot" (as published) or "latest" (as the file is when the task starts).
            revision: a branch, tag or commit: the notebook as of that, when the task starts.
            cell_timeout: how long each cell may take.
            strict: a `!command` that fails fails its cell.
            outputs: files that must exist after success.
            export: "html", "pdf" or both, made of the executed notebook.
            max_cell_output, max_output: characters of text kept of a cell, of the notebook.
            memory_limit, max_processes: of the kernel and all that it starts, such as "2GB".
            copy_to: a folder, relative to the notebook, that gets copies of it and of its exports; a template.
            attachable: other Jupyter clients can connect to the kernel.

    Raises:
        InvalidInput: the notebook is not there, or no DAG is open, or an option is mistyped.
        InvalidParameter: the notebook takes no such parameter, or not this value.
    """
    check_options(options, "notebook(...)", ("parameters", *NOTEBOOK_KEYWORDS))
    owner, group = dag_of(options.get("dag"), "notebook"), current_group.get()

    def default(name: str) -> Any:
        found = default_of(name, group)
        return owner.default(name) if found is None else found

    settings = notebook_settings(options, default)
    full = notebooks.resolve(path, here().directory, is_there=settings.get("source") != "git")
    used: list[Task] = []
    given = plain(mapping(parameters, "parameters"), "parameters", used.append)
    values = notebooks.read(full, settings.get("revision")).check(given)
    work = NotebookWork(full, values, settings)
    return add_task("notebook", full.stem, work, options, used)


class EnvironmentOptions(TypedDict, total=False):
    """Of functions: the Python that they run in."""

    python: str | os.PathLike[str] | None  # path of an interpreter, or a version such as "3.12"
    requirements: str | os.PathLike[str] | Iterable[str] | None  # a requirements.txt, or its lines


class FunctionOptions(TaskOptions, EnvironmentOptions, total=False):
    """Keywords of functions."""


class SensorOptions(CommonOptions, EnvironmentOptions, total=False):
    """Keywords of functions that are sensors."""


def function(
    target: Target, *, args: Mapping[str, Any] | None = None, **options: Unpack[FunctionOptions]
) -> Task:
    """A task that calls a Python function with keyword arguments.

    Args:
        target: "package.module:function", or the function itself. One that a module defines is imported there when
            the task runs. One of a notebook's cell travels as source, with what it uses of the session: functions and
            classes as source, modules as import statements, constants as literals. Lambdas and closures are pickled.
        args: keyword arguments: JSON values; text may hold templates (`{{ ds }}`), and `task.output` stands for what
            another task returned.
        options: what every task takes, as for `notebook`, and for functions:
            python: path of an interpreter, or a version such as "3.12"; by default the worker's own.
            requirements: a list of requirements ("polars==1.9"), or the path of a requirements.txt: the function runs
                in a virtual environment that has them, made once and kept.

    Raises:
        InvalidInput: a worker could not find the function by that name, what it uses cannot be written down, or a
            keyword is mistyped.
    """
    return _call("function", target, args, options, {})


def branch(
    target: Target, *, args: Mapping[str, Any] | None = None, **options: Unpack[FunctionOptions]
) -> Task:
    """A function that chooses what comes next: it returns the id of a task or group directly after it, a list of
    them, or None. The others are skipped."""
    return _call("branch", target, args, options, {"interpret": "branch"})


def short_circuit(
    target: Target,
    *,
    args: Mapping[str, Any] | None = None,
    skip_all: bool = True,
    **options: Unpack[FunctionOptions],
) -> Task:
    """A function that says whether to go on. If not, everything after it is skipped, whatever its trigger rule; with
    `skip_all=False` only what comes next."""
    return _call(
        "short_circuit",
        target,
        args,
        options,
        {"interpret": "short_circuit", "skip_all": flag(skip_all, "skip_all")},
        ("skip_all",),
    )


def sensor(
    target: Target,
    *,
    args: Mapping[str, Any] | None = None,
    mode: Literal["poke", "reschedule"] = "poke",
    poke_interval: float | timedelta | str = 60.0,
    timeout: float | timedelta | str = "7 days",
    soft_fail: bool = False,
    backoff: bool = False,
    max_wait: float | timedelta | str | None = None,
    try_timeout: float | timedelta | str | None = None,
    **options: Unpack[SensorOptions],
) -> Task:
    """A function that is called again and again until what it looks for is there (it returns something true).

    Args:
        mode: "poke" keeps its slot between two looks; "reschedule" gives it back.
        poke_interval: time between two looks.
        timeout: from the first look on; then it fails, without retry.
        soft_fail: then it is skipped instead.
        backoff: the interval doubles with each look, up to `max_wait`.
        try_timeout: what `timeout` is to other tasks: a try, in mode "reschedule" a look, may take this long.
        options: what every function takes, as for `function`.
    """
    given = {
        "mode": mode,
        "poke_interval": poke_interval,
        "timeout": timeout,
        "soft_fail": soft_fail,
        "backoff": backoff,
        "max_wait": max_wait,
        "try_timeout": try_timeout,
    }
    return _call("sensor", target, args, options, sensor_fields(given), SENSOR_KEYWORDS)


def _call(
    call: str,
    target: Target,
    args: Mapping[str, Any] | None,
    options: FunctionOptions | SensorOptions,
    fields: dict[str, Any],
    own: tuple[str, ...] = (),
) -> Task:
    check_options(options, f"{call}(...)", ("args", *EnvironmentOptions.__annotations__, *own))
    dag_of(options.get("dag"), call)  # before anything else is judged
    environment = environment_of(options.get("python"), options.get("requirements"))
    code = code_of(target, travels=environment is not None)
    values = mapping(args, "args")
    check_names(values, f"the function {code.name}")
    used: list[Task] = []
    plain_values = {key: plain(value, f"argument {shown(key)}", used.append) for key, value in values.items()}
    work = FunctionWork(code, plain_values, environment)
    return add_task(call, short_name(code.name), work, options, used, fields)


def add_task(
    call: str,
    name: str,
    work: Work,
    options: CommonOptions,
    used: Iterable[Task] = (),
    fields: Mapping[str, Any] | None = None,
) -> Task:
    """Add a task to its DAG and group. `name`: its id if none is given; `used`: tasks that its arguments refer to."""
    owner, group = dag_of(options.get("dag"), call), current_group.get()
    if group is not None and group.dag is not owner:
        group = None
    merged: dict[str, Any] = dict(options)
    for keyword in DEFAULTS:
        if merged.get(keyword) is None:
            found = default_of(keyword, group)
            merged[keyword] = owner.default(keyword) if found is None else found
    if fields and fields.get("interpret") == "sensor":
        if options.get("cache"):
            raise InvalidInput(
                f"{call}(...) looks for something that is not there yet: that cannot be cached.",
                field="cache",
            )
        merged["cache"] = None
    task_id = inner_id(options.get("task_id") or name, group)
    task = Task(owner, task_id, work, {**spec_fields(merged, task_id), **(fields or {})}, group)
    task.has_own_rule = options.get("trigger_rule") is not None
    task.wait_for(list(used))
    after = options.get("after")
    if after is not None:
        task.wait_for(after)
    return task
