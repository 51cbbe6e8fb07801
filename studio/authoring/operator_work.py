"""What the task of an operator does, in the spec: which class, where it is, and what it is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from studio.authoring.captured import capture, search_path
from studio.authoring.references import Mappable
from studio.core.names import shown
from studio.errors import InvalidInput
from studio.operators.arguments import check_complete, check_known
from studio.operators.base import Field, Operator, fields_of

#: The module of cells and scripts: what it defines travels with the task, as source.
_SESSION: Final = "__main__"


@dataclass(frozen=True, slots=True)
class OperatorWork:
    """Run an operator."""

    kind_class: type[Operator]
    name: str  # "shell", or "package.module:Class"
    args: Mapping[str, Any]
    path: tuple[str, ...]  # directories where the module is looked for first
    directory: str  # where relative paths start

    kind = "operator"

    @property
    def label(self) -> str:
        return short_name(self.name)

    def config(self, sources: dict[str, bytes], *, is_mapped: bool) -> dict[str, Any]:
        """Needs no sources. Raises `InvalidInput` if an argument is missing."""
        if not is_mapped:
            check_complete(self.kind_class, self.label, self.args)
        config = {"operator": self.name, "args": dict(self.args), "directory": self.directory}
        path = self.path
        if self.name.startswith(f"{_SESSION}:"):
            captured = capture(self.kind_class)
            config["source"] = captured.source
            path = tuple(dict.fromkeys([*captured.path, self.directory]))
        return {**config, "path": list(path)} if path else config

    def check_mapped(self, arguments: Iterable[str]) -> None:
        given = list(arguments)
        check_known(self.kind_class, self.label, given)
        for field in fields_of(self.kind_class):
            if field.name not in given:
                continue
            if field.connection:
                raise InvalidInput(
                    f"{self.label}: tasks cannot be mapped over {shown(field.name)}: the connections of a task are "
                    "known before it starts.",
                    field="expand",
                )
            if field.name in self.args:
                raise InvalidInput(
                    f"The argument {shown(field.name)} of {self.label} is given, and mapped over.",
                    field="expand",
                )
            if field.verbatim and isinstance(arguments, Mapping):
                _check_written(field, self.label, arguments[field.name])
        if given:  # of `expand_kwargs` only the items say what there is
            check_complete(self.kind_class, self.label, [*self.args, *given])


def class_named(kind: type[Operator]) -> tuple[str, tuple[str, ...]]:
    """`module:Class` and where the module is, if it is no installed one. Raises `InvalidInput`."""
    qualified, module = kind.__qualname__, kind.__module__
    if "<" in qualified:
        raise InvalidInput(
            f"The operator {qualified} is not at the top level of its module, so a worker cannot import it.",
            hint="Define it at the top level.",
            field="operator",
        )
    return f"{module}:{qualified}", () if module == _SESSION else search_path(module)


def short_name(name: str) -> str:
    """What people call it: the class's own name in "package.module:Class"."""
    return name.rpartition(":")[2].rpartition(".")[2]


def _check_written(field: Field, name: str, over: Any) -> None:
    if isinstance(over, Mappable) or getattr(over, "is_studio_task", False):
        raise InvalidInput(
            f"{name}: {shown(field.name)} is taken as it is written, so it cannot come from another task.",
            hint="Map over another argument, or over a list that stands in the DAG.",
            field="expand",
        )
