"""Parameters of notebooks that are values of other tasks: the injected cell says how the kernel loads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from papermill.translators import PythonTranslator

from studio.errors import InvalidParameter


class Code(str):
    """Python that gives the value; it stands in the cell as it is."""


def as_code(value: Any, task_id: str, key: Any) -> Code:
    """A `Put` of `studio.worker.arguments`: what a person would write."""
    if not task_id:
        return Code(f"studio.values.given({value!r})")
    loaded = f"studio.load({task_id!r})"
    if key is None:
        return Code(loaded)
    if isinstance(value, list) and isinstance(key, str):  # of each instance of a mapped task
        return Code(f"[each[{key!r}] for each in {loaded}]")
    return Code(f"{loaded}[{key!r}]")


def with_code(parameters: Mapping[str, Any], where: str, *, is_python: bool) -> list[str]:
    """Names of those in which code stands. Raises `InvalidParameter` if the notebook is of another language."""
    found = [name for name, value in parameters.items() if _holds_code(value)]
    if found and not is_python:
        raise InvalidParameter(
            f"{where} is not in Python, so the parameter {found[0]!r} cannot be a table, an array or another object.",
            hint="Let the task before it write a file, and return its path.",
            field=f"parameters.{found[0]}",
        )
    return found


class ParameterTranslator(PythonTranslator):  # type: ignore[misc]  # papermill has no types
    """Papermill's, which knows `Code`, too."""

    @classmethod
    def translate(cls, val: Any) -> str:
        return str(val) if isinstance(val, Code) else str(super().translate(val))

    @classmethod
    def codify(cls, parameters: Mapping[str, Any], comment: str = "Parameters") -> str:
        content = str(super().codify(parameters, comment))
        if not _holds_code(dict(parameters)):
            return content
        first, _, rest = content.partition("\n")
        return f"{first}\nimport studio.values\n\n{rest}"


def _holds_code(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_code, value.values()))
    return any(map(_holds_code, value)) if isinstance(value, list) else isinstance(value, Code)
