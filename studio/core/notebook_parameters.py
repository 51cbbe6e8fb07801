"""Whether values fit the parameters of a notebook: known names, declared types.

Papermill ignores names that the notebook does not know; here they are refused. Used when a DAG is published (for what
holds no template) and again before a kernel starts.

The rule about types: an annotation refuses (`n: int = 1` given 1.5 or "5"), the type of a default does not (`n = 1`
given "5" is a remark in the attempt's record, given 1.5 not even that); a default None says nothing. A whole number
fits `float`; 5.0 does not fit `int`, because the cell would count with it; True and False are no numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Final

from studio.core.names import nearest, shown
from studio.core.parameter_cell import DetectedParameter, detect_parameters, language_of
from studio.core.parameter_schema import Schema, parameters_schema, property_schema, rule_of
from studio.core.parameters import check_names, check_value
from studio.core.params import check_against
from studio.core.templating import is_template
from studio.errors import InvalidParameter

_HOW_TO_TAG: Final = (
    "Put the defaults into a cell of their own (`day = '2013-01-01'`) and give it the tag `parameters`: "
    "in JupyterLab select the cell, open the property inspector (gear, right sidebar) and add the cell tag."
)
_HOW_TO_KEEP_TYPE: Final = (
    "A template amid other text gives text. One expression with nothing around it keeps its type, such as "
    "'{{ params.n }}', or '{{ params.n | int }}' if that is text."
)


class NotebookParameters:
    """The parameters of a parsed .ipynb; `where` is what messages call it. The cell is read when it is needed."""

    def __init__(self, notebook: Mapping[str, Any], where: str = "the notebook") -> None:
        self._notebook = notebook
        self.where = where
        self.is_python = language_of(notebook) == "python"

    @cached_property
    def detected(self) -> Mapping[str, DetectedParameter]:
        """By name. Raises `InvalidParameter` if the cell is not valid Python; empty for another language."""
        return detect_parameters(self._notebook) if self.is_python else {}

    def schema(self, title: str = "") -> Schema:
        """The JSON Schema of all of them; for another language, of anything. Raises as `detected`."""
        if not self.is_python:
            return {**parameters_schema((), title), "additionalProperties": True}
        return parameters_schema(self.detected.values(), title)

    def check(
        self,
        values: Mapping[str, Any],
        written: Mapping[str, Any] | None = None,
        loaded: Iterable[str] = (),
    ) -> dict[str, Any]:
        """`values`, which are complete, as plain JSON; raises `InvalidParameter` naming value, rule and an example.

        `written`: what they were before templates were rendered, for the hint. `loaded`: more parameters, whose values
        the kernel loads by itself.
        """
        checked = self.check_names(values)
        self.check_names(dict.fromkeys(loaded))
        for name in self._typed(values):
            self._check_type(name, checked[name], (written or {}).get(name))
        self.check_required([*values, *loaded])
        return checked

    def check_written(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """As `check`, of what an author wrote: not the types of what is filled in when the task runs."""
        checked = self.check_names(values)
        for name in self._typed(values):
            if not is_filled_in(checked[name]):
                self._check_type(name, checked[name])
        return checked

    def check_names(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """`values` as plain JSON if the notebook takes all of the names; raises `InvalidParameter` otherwise."""
        check_names(values, self.where)
        if not values:  # a broken parameters cell is the business of the kernel then
            return {}
        return check_parameters(values, self.detected if self.is_python else None, self.where)

    def check_required(self, names: Iterable[str]) -> None:
        """Raise `InvalidParameter` if a parameter that the cell only annotates is not among `names`."""
        given = set(names)
        for parameter in self._detected_if_any():
            if parameter.is_required and parameter.name not in given:
                raise InvalidParameter(
                    f"{self.where} needs the parameter {shown(parameter.name)}: its cell gives no value "
                    f"(`{parameter.name}: {parameter.type}`), and the task gives none.",
                    hint=f"Write notebook(..., parameters={{{parameter.name!r}: ...}}), or a default into the cell.",
                    field=f"parameters.{parameter.name}",
                )

    def remarks(self, values: Mapping[str, Any]) -> list[str]:
        """Of values that were taken but have another type than their parameter's default, one sentence each."""
        return [
            f"The parameter {shown(name)} is {shown(value)}, while its default is "
            f"{shown(self.detected[name].default)}. Annotate it in the notebook if that is a mistake."
            for name, value in values.items()
            if name in self.detected and not _looks_like_default(value, self.detected[name])
        ]

    @property
    def _amid(self) -> str:
        """`where` amid a sentence."""
        return f"the{self.where[3:]}" if self.where.startswith("The ") else self.where

    def _typed(self, values: Mapping[str, Any]) -> list[str]:
        if not (values and self.is_python):
            return []
        return [name for name in values if rule_of(property_schema(self.detected[name]))]

    def _detected_if_any(self) -> Iterable[DetectedParameter]:
        try:
            return self.detected.values()
        except InvalidParameter:  # as in `check_names`
            return ()

    def _check_type(self, name: str, value: Any, written: Any = None) -> None:
        schema = property_schema(self.detected[name])
        is_text_of_template = isinstance(value, str) and is_template(written)
        check_against(
            value,
            rule_of(schema),
            f"The parameter {shown(name)} of {self._amid}",
            field=f"parameters.{name}",
            hint=_HOW_TO_KEEP_TYPE
            if is_text_of_template and "string" not in str(schema.get("type"))
            else None,
            default=schema.get("default"),
            is_strict=True,
        )


def check_parameters(
    values: Mapping[str, Any], detected: Mapping[str, DetectedParameter] | None, where: str = "the notebook"
) -> dict[str, Any]:
    """`values` as plain JSON if the notebook `where` takes all of the names; raises `InvalidParameter` otherwise.

    `detected` is None for a language whose cells cannot be read: names are then only checked for their form.
    """
    check_names(values, where)
    for name in values:
        if detected is None or name in detected:
            continue
        if not detected:
            raise InvalidParameter(
                f"{where} takes no parameters, but {shown(name)} is given: "
                "there is no cell tagged `parameters` that assigns anything.",
                hint=_HOW_TO_TAG,
                field="parameters",
            )
        raise InvalidParameter(
            f"{where} has no parameter {shown(name)}.", hint=nearest(name, detected), field="parameters"
        )
    return {name: check_value(value, f"parameter {shown(name)}") for name, value in values.items()}


def check_notebook_parameters(
    values: Mapping[str, Any], notebook: Mapping[str, Any], where: str = "the notebook"
) -> dict[str, Any]:
    """`NotebookParameters.check` for a notebook that is asked only once."""
    return NotebookParameters(notebook, where).check(values)


def is_filled_in(value: Any) -> bool:
    """Whether a template or a mark for another task's value stands anywhere in `value`."""
    if isinstance(value, str):
        return is_template(value)
    if isinstance(value, list):
        return any(map(is_filled_in, value))
    if isinstance(value, dict):
        return any(key.startswith("$") for key in value) or any(map(is_filled_in, value.values()))
    return False


def _looks_like_default(value: Any, parameter: DetectedParameter) -> bool:
    if parameter.is_annotated or not parameter.has_default_literal:
        return True
    default = parameter.default
    if default is None or value is None:
        return True
    if isinstance(default, (int, float)) and not isinstance(default, bool):
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return type(value) is type(default)
