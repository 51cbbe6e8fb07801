"""`@task`: a function that makes a task when it is called in a DAG.

@task
def extract(day): ...

with DAG("flights") as dag:
    load(extract("{{ ds }}"))
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import update_wrapper
from typing import Any, overload

from studio.authoring.groups import free_id
from studio.authoring.operators import branch, function, sensor, short_circuit
from studio.authoring.tasks import Task
from studio.core.names import shown
from studio.errors import InvalidInput

Operator = Callable[..., Task]


class TaskFunction:
    """A decorated function. Called, it makes a task with these arguments; the function itself is `.function`."""

    is_studio_task_function = True  # for workers, which call the function itself

    def __init__(self, wrapped: Callable[..., Any], operator: Operator, options: Mapping[str, Any]) -> None:
        self.function = wrapped
        self._operator = operator
        self._options = dict(options)
        self._constants: dict[str, Any] = {}
        update_wrapper(self, wrapped)

    def __call__(self, *args: Any, **kwargs: Any) -> Task:
        return self._made(self._bound(args, {**self._constants, **kwargs}))

    def override(self, **options: Any) -> TaskFunction:
        """The same with other keywords: `extract.override(task_id="again", retries=3)(day)`."""
        made = TaskFunction(self.function, self._operator, {**self._options, **options})
        made._constants = dict(self._constants)
        return made

    def partial(self, **constants: Any) -> TaskFunction:
        """Arguments that every mapped task instance gets: `load.partial(table="x").expand(day=days)`."""
        made = self.override()
        made._constants |= constants
        return made

    def expand(self, **over: Any) -> Task:
        """One task instance for each combination; see `Task.expand`."""
        self._bound((), {**self._constants, **over})
        return self._made(self._constants).expand(**over)

    def expand_kwargs(self, over: Any) -> Task:
        """One task instance for each dict of arguments; see `Task.expand_kwargs`."""
        return self._made(self._constants).expand_kwargs(over)

    def _made(self, args: Mapping[str, Any]) -> Task:
        """A second task of the function gets the id `name__1`, as in Airflow."""
        options = self._options
        if options.get("task_id") is None:
            options = {**options, "task_id": free_id(self.function.__name__, options.get("dag"))}
        return self._operator(self.function, args=args, **options)

    def _bound(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        try:
            bound = inspect.signature(self.function).bind(*args, **kwargs)
        except TypeError as error:
            raise InvalidInput(f"{self.function.__qualname__}(...): {error}.", field="args") from error
        named = dict(bound.arguments)
        for name, parameter in inspect.signature(self.function).parameters.items():
            if parameter.kind is parameter.VAR_KEYWORD:
                named |= named.pop(name, {})
            elif parameter.kind in (parameter.VAR_POSITIONAL, parameter.POSITIONAL_ONLY) and name in named:
                raise InvalidInput(
                    f"The argument {shown(name)} of {self.function.__qualname__} has no name that a worker could use.",
                    hint="Tasks call functions with keyword arguments only.",
                    field="args",
                )
        return named

    def __repr__(self) -> str:
        return f"<task function {self.function.__qualname__}>"


class TaskDecorator:
    """`@task`, `@task(retries=2)`, `@task.branch`, `@task.short_circuit`, `@task.sensor(mode="reschedule")`."""

    is_studio_task_decorator = True  # it stays here when a function's source travels

    def __init__(self, operator: Operator, options: Mapping[str, Any] | None = None) -> None:
        self._operator = operator
        self._options = dict(options or {})

    @overload
    def __call__(self, function: Callable[..., Any], /) -> TaskFunction: ...
    @overload
    def __call__(self, **options: Any) -> TaskDecorator: ...
    def __call__(self, *functions: Callable[..., Any], **options: Any) -> Any:
        if functions:
            if not callable(functions[0]):
                raise InvalidInput(
                    f"@task stands before a function, not {shown(functions[0])}.",
                    hint="Keywords are given by name: @task(task_id='extract').",
                )
            return TaskFunction(functions[0], self._operator, {**self._options, **options})
        return TaskDecorator(self._operator, {**self._options, **options})

    @property
    def branch(self) -> TaskDecorator:
        """The function chooses what comes next; see `branch`."""
        return TaskDecorator(branch)

    @property
    def short_circuit(self) -> TaskDecorator:
        """The function says whether to go on; see `short_circuit`."""
        return TaskDecorator(short_circuit)

    @property
    def sensor(self) -> TaskDecorator:
        """The function is called until it returns something true; see `sensor`."""
        return TaskDecorator(sensor)


task = TaskDecorator(function)
