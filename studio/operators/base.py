"""What an operator is: a class whose fields are the arguments of its tasks, and a method that does the work.

    class Shout(Operator):
        \"\"\"Says something loudly.\"\"\"

        text: Annotated[str, Meta(description="what is said")]
        times: int = 1

        def run(self, attempt: AttemptContext) -> object:
            attempt.log.info("shouting")
            return self.text.upper() * self.times

    shout = studio.operator(Shout)      # in a DAG: shout(text="{{ ds }}", times=2, task_id="loud", retries=1)

Fields have types that `msgspec` can check; the docstring and `Meta(description=…)` are the operator's help. Fields may
hold templates and `task.output`, which are filled in before an attempt makes its instance; what is annotated
`Verbatim[…]` is taken as it was written. A worker finds the class by the name under which it is installed (entry point
`studio.operators`), or by its module. Packages with operators import this module only, so it is light.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from functools import lru_cache
from pathlib import Path
from types import UnionType
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    Protocol,
    TypeVar,
    Union,
    get_args,
    get_origin,
)

import msgspec
from msgspec import Meta
from typing_extensions import dataclass_transform

from studio.errors import InvalidInput
from studio.secrets.connection import Connection

Value = TypeVar("Value")

_VERBATIM: Final = "studio: verbatim"
_CONNECTION: Final = "studio: connection"

#: A field that is taken as it was written: no template in it is rendered, nothing of another task is put in.
Verbatim = Annotated[Value, _VERBATIM]

#: A field that names a connection: the attempts of the task are given it.
ConnectionName = Annotated[
    str, Meta(description="the name of a connection, which the task is given"), _CONNECTION
]


class OutputCell(Protocol):
    """A cell of the notebook that shows what a task does, while it is open."""

    def write(self, text: str, stream: Literal["stdout", "stderr"] = "stdout") -> None:
        """Append to one of its streams. Without an end of line the line goes on."""

    def show(self, value: object) -> None:
        """Show a value as a notebook does: tables, figures, JSON, whatever has a form of its own."""


class AttemptContext(Protocol):
    """What an operator is given to work with. Everything is of one attempt."""

    @property
    def log(self) -> logging.Logger:
        """For the attempt's log, beside which `print` goes there, too."""

    @property
    def context(self) -> Mapping[str, Any]:
        """The names that templates may use: ds, ts, run_id, params, …"""

    @property
    def params(self) -> Mapping[str, Any]:
        """Of the run, with those of the task over them."""

    @property
    def directory(self) -> Path:
        """The attempt's own; what is left here is kept with it."""

    @property
    def dag_directory(self) -> Path:
        """Of the file, or the kernel, that defined the task: where relative paths start."""

    def render(self, value: Any, field: str) -> Any:
        """`value`, of the `Verbatim` field of that name, with templates rendered and values of other tasks put in.

        Raises `TemplateError` and `NotFound`.
        """

    def cell(self, source: str, language: str = "text") -> AbstractContextManager[OutputCell]:
        """Show something as a cell of a notebook: `source` in `language` (a title, a statement), then its outputs.

        What is raised inside is shown in it.
        """

    def save(self, name: str, value: object) -> None:
        """As `studio.save`."""

    def load(self, task_id: str, name: str | None = None) -> Any:
        """As `studio.load`."""

    def connection(self, name: str) -> Connection:
        """As `studio.connection`."""

    def variable(self, name: str) -> Any:
        """As `studio.variable`."""


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(msgspec.field,))
class OperatorType(msgspec.StructMeta):
    """Lets every operator class, not only the first, be frozen and take its fields by keyword, in any order."""

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **config: Any) -> Any:
        rules = {"frozen": True, "kw_only": True, "forbid_unknown_fields": True}
        return super().__new__(mcs, name, bases, namespace, **{**rules, **config})


class Operator(msgspec.Struct, metaclass=OperatorType):
    """Base of all operators. An instance is made for one attempt, with all its fields filled in."""

    def run(self, attempt: AttemptContext) -> object:
        """Do the work; what is returned is the task's value, any Python object.

        Runs in a worker. Whatever is raised fails the attempt: a `StudioError` is told as its message alone, everything
        else with its traceback; `studio.Skip`, `studio.Fail` and the like do what they do in functions.
        """
        raise NotImplementedError(f"{type(self).__qualname__} has no method `run(self, attempt)`.")

    def check(self) -> None:
        """Raise `InvalidInput` for fields that make no sense together.

        Called when the DAG is defined, where a field may still hold a template or stand for the value of another task
        (`is_unresolved`), and again in the attempt, when all is filled in.
        """


class Sensor(Operator):
    """Base of operators that wait. They are asked again and again, until what they look for is there.

    Its tasks take `mode`, `poke_interval`, `timeout`, `soft_fail`, `backoff` and `max_wait` as `studio.sensor` does.
    """

    def look(self, attempt: AttemptContext) -> object:
        """Look once. A true value has been found: it is the task's value."""
        raise NotImplementedError(f"{type(self).__qualname__} has no method `look(self, attempt)`.")

    def run(self, attempt: AttemptContext) -> object:
        """A sensor looks; see `look`."""
        return self.look(attempt)


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A field of an operator, as an argument of its tasks."""

    name: str
    type: Any  # as annotated
    required: bool
    default: Any = None  # if it is not required
    description: str = ""
    verbatim: bool = False
    connection: bool = False


@lru_cache(maxsize=128)
def fields_of(kind: type[Operator]) -> tuple[Field, ...]:
    """The fields of an operator in their order; those of a base class first. Finding them takes a millisecond."""
    return tuple(_field(info) for info in msgspec.structs.fields(kind))


def is_unresolved(value: object) -> bool:
    """Whether `value` holds a template, or stands for what another task returns, somewhere inside."""
    if isinstance(value, str):
        return "{{" in value or "{%" in value
    if isinstance(value, Mapping):
        return is_marker(value) or any(map(is_unresolved, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(is_unresolved, value))
    return False


def is_marker(value: Mapping[str, Any]) -> bool:
    """Whether it stands for a value that is filled in later; see `studio.worker.arguments`."""
    return any(name in value for name in ("$output", "$mapped", "$apply"))


def checked(kind: object, name: str) -> type[Operator]:
    """`kind` if it is an operator that can be used; raises `InvalidInput` saying why not. `name`: for the message."""
    if kind in (Operator, Sensor) or not (isinstance(kind, type) and issubclass(kind, Operator)):
        raise InvalidInput(
            f"{name} is no operator.",
            hint="An operator is a class derived from `studio.Operator` or `studio.Sensor`.",
            field="operator",
        )
    method = "look" if issubclass(kind, Sensor) else "run"
    if getattr(kind, method) is getattr(Sensor if method == "look" else Operator, method):
        raise InvalidInput(
            f"The operator {name} has no method `{method}(self, attempt)`, which does its work.",
            field="operator",
        )
    return kind


def _field(info: Any) -> Field:
    marks = list(_marks(info.type))
    default = info.default
    if info.default_factory is not msgspec.NODEFAULT:
        default = info.default_factory()
    required = default is msgspec.NODEFAULT
    # A connection is looked up when the task is launched, where no template has been rendered yet.
    is_connection = _CONNECTION in marks or info.name == "connection"
    told = [mark.description for mark in marks if isinstance(mark, Meta) and mark.description]
    return Field(
        name=info.name,
        type=info.type,
        required=required,
        default=None if required else default,
        description=" ".join(told[0].split()) if told else "",
        verbatim=_VERBATIM in marks or is_connection,
        connection=is_connection,
    )


def _marks(annotation: Any) -> Iterator[Any]:
    """What `Annotated` says, the outermost first; of `X | None` what it says of X."""
    if get_origin(annotation) is Annotated:
        yield from reversed(annotation.__metadata__)
        yield from _marks(annotation.__origin__)
    elif get_origin(annotation) in (Union, UnionType):
        for each in get_args(annotation):
            yield from _marks(each)
