"""A condition on what an operator has got, written in the DAG: `value.state == "ready"`."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from studio.core.names import shown
from studio.errors import InvalidInput
from studio.operators.base import Verbatim

Condition = Annotated[
    Verbatim[str],
    Meta(
        description="what must hold of the answer besides: an expression as in templates, of `value`, `status` and "
        "`headers`, such as `value.state == 'ready'`"
    ),
]


def check_condition(condition: str) -> None:
    """Raise `InvalidInput` unless it is an expression."""
    if condition:
        _compiled(condition)


def holds(condition: str, **names: Any) -> bool:
    """Whether it holds; an empty one does. Raises `InvalidInput` if it asks for what is not there."""
    if not condition:
        return True
    try:
        return bool(_compiled(condition)(**names))
    except Exception as error:  # an expression may raise anything
        raise InvalidInput(
            f"The condition {shown(condition)} cannot be judged: {type(error).__name__}: {error}.",
            field="condition",
        ) from error


def _compiled(condition: str) -> Any:
    from jinja2 import StrictUndefined, TemplateSyntaxError  # noqa: PLC0415 - heavy
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415 - heavy

    try:
        environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
        return environment.compile_expression(condition, undefined_to_none=False)
    except TemplateSyntaxError as error:
        raise InvalidInput(
            f"The condition {shown(condition)} is no expression: {error}.",
            hint="Write it as in a template, without the braces: value.state == 'ready'.",
            field="condition",
        ) from error
