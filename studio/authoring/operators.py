"""The kinds of tasks that a DAG is made of: `notebook(...)` and `function(...)`."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

from studio.authoring import notebooks
from studio.authoring.arguments import mapping, refuse_unknown, seconds, text, whole
from studio.authoring.dag import DAG, current_dag
from studio.authoring.places import here
from studio.authoring.tasks import Task, Tries
from studio.core.names import shown
from studio.core.parameters import check_names, check_value
from studio.errors import InvalidInput

_FUNCTION = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")

Duration = float | timedelta | str
After = Task | str | Iterable[Task | str]


@dataclass(frozen=True, slots=True)
class NotebookWork:
    """Execute a notebook, as it is when the DAG is published."""

    path: Path
    parameters: Mapping[str, Any]
    kernel_name: str | None

    kind = "notebook"

    @property
    def label(self) -> str:
        return self.path.name

    def config(self, sources: dict[str, bytes]) -> dict[str, Any]:
        """Takes the content of the notebook as of now into `sources`."""
        source = notebooks.read(self.path)
        config: dict[str, Any] = {
            "path": str(self.path),
            "digest": source.digest,
            "cwd": str(self.path.parent),
            "parameters": source.check(self.parameters),
        }
        if self.kernel_name is not None:
            config["kernel_name"] = self.kernel_name
        sources[source.digest] = source.content
        return config


@dataclass(frozen=True, slots=True)
class FunctionWork:
    """Call a function of a module, by name: the code is looked up when the task runs."""

    name: str  # module:function
    args: Mapping[str, Any]
    path: tuple[str, ...]  # directories where the module is looked for first

    kind = "function"

    @property
    def label(self) -> str:
        return self.name.rpartition(":")[2] + "()"

    def config(self, sources: dict[str, bytes]) -> dict[str, Any]:
        """Needs no sources."""
        return {"function": self.name, "args": dict(self.args), "path": list(self.path)}


def notebook(
    path: str | os.PathLike[str],
    *,
    task_id: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    after: After | None = None,
    retries: int | None = None,
    retry_delay: Duration | None = None,
    retry_backoff: float | None = None,
    timeout: Duration | None = None,
    kernel_name: str | None = None,
    dag: DAG | None = None,
    **unknown: NoReturn,
) -> Task:
    """A task that executes a notebook with papermill and keeps the executed notebook.

    Args:
        path: the .ipynb file, relative to the file that calls this; in cells, to the kernel's directory.
        task_id: name of the task; by default the file's name without .ipynb.
        parameters: values for names of the notebook's cell tagged `parameters`; text may hold templates (`{{ ds }}`).
        after: the task or tasks that must succeed first, or their ids.
        retries: how often a failed task is tried again (0).
        retry_delay: wait before a retry: seconds, a timedelta or text such as "5 min" (300 s).
        retry_backoff: what the wait is multiplied by with each retry; 0: it stays the same.
        timeout: a try may take this long at most; None: no limit.
        kernel_name: a kernelspec; by default the notebook's own.
        dag: the DAG it belongs to; by default that of the surrounding `with DAG(...)`.

    Raises:
        InvalidInput: the notebook is not there, or no DAG is open, or a keyword is mistyped.
        InvalidParameter: the notebook takes no such parameter, or the value is no JSON.
    """
    refuse_unknown(unknown, "notebook(...)", notebook.__kwdefaults__)
    owner = _dag_of(dag, "notebook")
    full = notebooks.resolve(path, here().directory)
    values = notebooks.read(full).check(mapping(parameters, "parameters"))
    kernel = owner.default("kernel_name", kernel_name)
    work = NotebookWork(full, values, None if kernel is None else text(kernel, "kernel_name"))
    tries = _tries(owner, retries, retry_delay, retry_backoff, timeout)
    return _added(owner, full.stem if task_id is None else task_id, work, tries, after)


def function(
    target: str | Callable[..., Any],
    *,
    task_id: str | None = None,
    args: Mapping[str, Any] | None = None,
    after: After | None = None,
    retries: int | None = None,
    retry_delay: Duration | None = None,
    retry_backoff: float | None = None,
    timeout: Duration | None = None,
    dag: DAG | None = None,
    **unknown: NoReturn,
) -> Task:
    """A task that imports a module and calls a function of it with keyword arguments.

    Args:
        target: "package.module:function", or a function that a module defines at its top level.
        args: keyword arguments: JSON values; text may hold templates (`{{ ds }}`).
        task_id, after, retries, retry_delay, retry_backoff, timeout, dag: as for `notebook`.

    Raises:
        InvalidInput: a worker could not find the function by that name, or a keyword is mistyped.
    """
    refuse_unknown(unknown, "function(...)", function.__kwdefaults__)
    owner = _dag_of(dag, "function")
    name, path = _named(target)
    values = mapping(args, "args")
    check_names(values, f"the function {name}")
    work = FunctionWork(
        name, {key: check_value(value, f"argument {shown(key)}") for key, value in values.items()}, path
    )
    tries = _tries(owner, retries, retry_delay, retry_backoff, timeout)
    return _added(
        owner, name.rpartition(":")[2].rpartition(".")[2] if task_id is None else task_id, work, tries, after
    )


def _dag_of(dag: DAG | None, call: str) -> DAG:
    if isinstance(dag, DAG):
        return dag
    if dag is not None:
        raise InvalidInput(f"dag is {shown(dag)}; it must be a DAG.", field="dag")
    owner = current_dag.get()
    if owner is None:
        raise InvalidInput(
            f"{call}(...) belongs to a DAG, and none is open.",
            hint=f"Write it into a `with DAG('name') as dag:` block, or give it: {call}(..., dag=dag).",
            field="dag",
        )
    return owner


def _tries(
    dag: DAG, retries: int | None, delay: Duration | None, backoff: float | None, timeout: Duration | None
) -> Tries:
    limit = dag.default("timeout", timeout)
    return Tries(
        retries=whole(dag.default("retries", retries, 0), "retries"),
        retry_delay=seconds(dag.default("retry_delay", delay, 300.0), "retry_delay"),
        retry_backoff=seconds(dag.default("retry_backoff", backoff, 0.0), "retry_backoff"),
        timeout=None if limit is None else seconds(limit, "timeout"),
    )


def _added(
    dag: DAG, task_id: str, work: NotebookWork | FunctionWork, tries: Tries, after: After | None
) -> Task:
    task = Task(dag, task_id, work, tries)
    if after is not None:
        task.wait_for(after)
    return task


def _named(target: object) -> tuple[str, tuple[str, ...]]:
    """`module:function` and the directory where the module is, if it is no installed one."""
    if isinstance(target, str):
        if not _FUNCTION.fullmatch(target):
            raise InvalidInput(
                f"A function is named by module and name, not {shown(target)}.",
                hint="Write it like 'package.module:function'.",
                field="target",
            )
        return target, (str(here().directory),)
    qualified = getattr(target, "__qualname__", None)
    module = getattr(target, "__module__", None)
    if not callable(target) or not isinstance(qualified, str) or not isinstance(module, str):
        raise InvalidInput(f"{shown(target)} is no function and no name of one.", field="target")
    if "<" in qualified:
        raise InvalidInput(
            f"{qualified} is not at the top level of its module, so a worker cannot import it.",
            hint="Define it at the top level, with `def`.",
            field="target",
        )
    file = getattr(sys.modules.get(module), "__file__", None)
    if module == "__main__":
        if not isinstance(file, str) or target.__globals__.get("__file__") != file:  # type: ignore[attr-defined]
            raise InvalidInput(
                f"{qualified} is defined in a cell, where a worker cannot import it.",
                hint="Put it into a module next to the notebook and import it, or make it a notebook task.",
                field="target",
            )
        module = Path(file).stem
    return f"{module}:{qualified}", _search_path(module, file)


def _search_path(module: str, file: object) -> tuple[str, ...]:
    if not isinstance(file, str) or "site-packages" in file or "dist-packages" in file:
        return ()
    location = Path(file).absolute()
    depth = module.count(".") + (1 if location.name == "__init__.py" else 0)
    return (str(location.parents[depth]),)
