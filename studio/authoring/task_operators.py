"""Operators in a DAG: a class becomes something to call, which makes a task with its fields as arguments.

    shout = studio.operator(Shout)
    with DAG("loud"):
        shout(text="{{ ds }}", times=2, retries=1)
        shout.partial(times=3).expand(text=["a", "b"])

Everything that can be wrong with the arguments is said here, when the DAG is defined; the worker checks once more what
templates and other tasks have put in.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from typing import Annotated, Any, Final, get_origin

from studio.authoring.arguments import texts
from studio.authoring.context import dag_of
from studio.authoring.groups import free_id
from studio.authoring.operator_work import OperatorWork, class_named, short_name
from studio.authoring.operators import add_task
from studio.authoring.options import check_options
from studio.authoring.places import here
from studio.authoring.references import plain
from studio.authoring.sensor_options import SENSOR_KEYWORDS, sensor_fields
from studio.authoring.tasks import Task
from studio.core.names import shown
from studio.errors import InvalidInput
from studio.operators.arguments import check_defined, type_text
from studio.operators.base import Field, Operator, Sensor, checked, fields_of
from studio.operators.finding import name_of, operator_named

#: They say which task it is: a field cannot have their names. Other keywords of tasks give way to a field.
_RESERVED: Final = frozenset({"task_id", "after", "dag"})


class TaskOperator:
    """An operator to call in a DAG: with the operator's own arguments, and with what every task takes."""

    def __init__(self, kind: type[Operator], name: str, path: tuple[str, ...] = ()) -> None:
        self.operator = kind
        self._name = name
        self._path = path
        self._given: dict[str, Any] = {}  # by `partial`
        self.__name__ = self.__qualname__ = short_name(name)
        self.__module__ = kind.__module__
        self.__doc__ = help_of(kind)
        self.__signature__ = _signature(kind)
        self._fields = {field.name: field for field in fields_of(kind)}
        for field in _RESERVED & self._fields.keys():
            raise InvalidInput(
                f"The operator {self.__name__} has a field {shown(field)}, which every task has.",
                hint="Give it another name.",
                field=field,
            )

    def __call__(self, *args: Any, **kwargs: Any) -> Task:
        """A task with these arguments and options."""
        return self._task({**self._given, **self._named(args), **kwargs}, is_partial=False)

    def partial(self, **given: Any) -> TaskOperator:
        """Arguments and options of every mapped task instance: `shell.partial(cwd="x").expand(command=[…])`."""
        made = TaskOperator(self.operator, self._name, self._path)
        made._given = {**self._given, **given}
        return made

    def override(self, **options: Any) -> TaskOperator:
        """The same with other keywords: `shell.override(retries=3)("make")`."""
        return self.partial(**options)

    def expand(self, **over: Any) -> Task:
        """One task instance for each combination; see `Task.expand`."""
        return self._task(self._given, is_partial=True).expand(**over)

    def expand_kwargs(self, over: Any) -> Task:
        """One task instance for each dict of arguments; see `Task.expand_kwargs`."""
        return self._task(self._given, is_partial=True).expand_kwargs(over)

    def _named(self, args: tuple[Any, ...]) -> dict[str, Any]:
        names = [field.name for field in self._fields.values() if field.required]
        if len(args) > len(names):
            raise InvalidInput(
                f"{self.__name__}(...) takes {len(names)} arguments without a name, not {len(args)}.",
                hint=f"The others are given by name: {', '.join(name for name in self._fields if name not in names)}.",
                field="args",
            )
        return dict(zip(names, args, strict=False))

    def _task(self, given: Mapping[str, Any], *, is_partial: bool) -> Task:
        call = f"{self.__name__}(...)"
        values = {name: _portable(value) for name, value in given.items() if name in self._fields}
        options: Any = {name: value for name, value in given.items() if name not in self._fields}
        own = SENSOR_KEYWORDS if issubclass(self.operator, Sensor) else ()
        check_options(options, call, (*self._fields, *own))
        dag_of(options.get("dag"), self.__name__)
        used: list[Task] = []
        args = {name: plain(value, f"argument {shown(name)}", used.append) for name, value in values.items()}
        check_defined(self.operator, self.__name__, args, is_partial=is_partial)
        fields: dict[str, Any] = {}
        if own:
            fields = sensor_fields(options)
            options = {name: value for name, value in options.items() if name not in own}
        if connections := self._connections(args, options):
            fields["connections"] = connections
        name = self.__name__
        if options.get("task_id") is None:
            name = free_id(name, options.get("dag"))
        work = OperatorWork(self.operator, self._name, args, self._path, str(here().directory))
        return add_task(self.__name__, name, work, options, used, fields)

    def _connections(self, args: Mapping[str, Any], options: Mapping[str, Any]) -> tuple[str, ...]:
        """Those that its fields name, after those that are declared besides."""
        own = [
            args[field.name] for field in self._fields.values() if field.connection and args.get(field.name)
        ]
        return (
            tuple(dict.fromkeys([*texts(options.get("connections") or (), "connections"), *own]))
            if own
            else ()
        )

    def __repr__(self) -> str:
        return f"<operator {self._name}>"


def operator(kind: type[Operator] | str) -> TaskOperator:
    """An operator to call in DAGs.

    Args:
        kind: a class derived from `studio.Operator` or `studio.Sensor`, at the top level of a cell, or of a module that
            workers can import; or the name of an operator that comes with the studio or with an installed package.

    Raises:
        InvalidInput: it is no operator, or a worker could not find it.
        NotFound: there is no operator of that name.
    """
    if isinstance(kind, str):
        return TaskOperator(operator_named(kind), kind)
    checked(kind, getattr(kind, "__qualname__", shown(kind)))
    name = name_of(kind)
    return TaskOperator(kind, *class_named(kind)) if name is None else TaskOperator(kind, name)


def help_of(kind: type[Operator]) -> str:
    """The docstring of the class, and its arguments."""
    lines = [inspect.cleandoc(kind.__doc__ or ""), "", "Args:"]
    for field in fields_of(kind):
        default = "" if field.required else f" ({field.default!r})"
        lines.append(f"    {field.name}: {type_text(field.type)}. {field.description}{default}")
    if issubclass(kind, Sensor):
        lines.append("    mode, poke_interval, timeout, soft_fail, …: as of `studio.sensor`.")
    lines.append("    options: what every task takes: task_id, after, retries, retry_delay, timeout, …")
    return "\n".join(lines)


def _signature(kind: type[Operator]) -> inspect.Signature:
    def parameter(field: Field) -> inspect.Parameter:
        annotation = field.type.__origin__ if get_origin(field.type) is Annotated else field.type
        if field.required:
            return inspect.Parameter(
                field.name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=annotation
            )
        return inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=annotation
        )

    ordered = sorted(fields_of(kind), key=lambda field: not field.required)
    rest = inspect.Parameter("options", inspect.Parameter.VAR_KEYWORD)
    return inspect.Signature([*map(parameter, ordered), rest], return_annotation=Task)


def _portable(value: Any) -> Any:
    """Paths are text where the task runs."""
    return os.fspath(value) if isinstance(value, os.PathLike) else value
