"""Jinja templates in the values of a task: `{{ ds }}`, `{{ params.day }}`.

Sandboxed and strict: an undefined name is an error, never an empty string. A string that is exactly one expression
keeps the type of its value (`"{{ params.n }}"` gives the number), everything else gives text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from studio.core.names import shown
from studio.errors import InvalidInput

if TYPE_CHECKING:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

_PLAIN = (type(None), bool, int, float, str, list, dict)


class TemplateError(InvalidInput):
    """A template could not be rendered."""

    code = "template_error"


def is_template(value: object) -> bool:
    """Whether `value` is text that holds template markup."""
    return isinstance(value, str) and ("{{" in value or "{%" in value)


def render(value: Any, context: Mapping[str, Any], where: str) -> Any:
    """`value` with every template in it rendered, in lists and dicts too (keys are left alone).

    `where` names the place for the message ("parameter 'day'"). Raises `TemplateError`.
    """
    if isinstance(value, str):
        return _render_text(value, context, where) if is_template(value) else value
    if isinstance(value, dict):
        return {key: render(item, context, f"{where}[{shown(key)}]") for key, item in value.items()}
    if isinstance(value, list):
        return [render(item, context, f"{where}[{index}]") for index, item in enumerate(value)]
    return value


def render_all(
    values: Mapping[str, Any], context: Mapping[str, Any], what: str = "parameter"
) -> dict[str, Any]:
    """Every value of `values` rendered; a message names the `what` by its key."""
    return {name: render(value, context, f"{what} {shown(name)}") for name, value in values.items()}


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    # Loaded when the first template is met: most tasks have none, and jinja2 costs 30 ms to import.
    from jinja2 import StrictUndefined  # noqa: PLC0415
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415

    return ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)


def _render_text(text: str, context: Mapping[str, Any], where: str) -> Any:
    from jinja2 import TemplateSyntaxError, UndefinedError  # noqa: PLC0415

    try:
        value = _compiled(text)(dict(context))
        return value if type(value) in _PLAIN else str(value)  # str() of an undefined value raises
    except UndefinedError as error:
        known = ", ".join(sorted(map(str, context)))
        dateless = "logical_date" not in context and "run_id" in context
        dates = (
            " The run has no logical date; trigger one with a date for `ds` and the like." if dateless else ""
        )
        raise TemplateError(
            f"The template {shown(text)} of {where} cannot be rendered: {error}.",
            hint=f"It may use: {known}.{dates}",
        ) from error
    except TemplateSyntaxError as error:
        raise TemplateError(f"The template {shown(text)} of {where} is not valid: {error}.") from error
    except Exception as error:  # an expression may raise anything, `{{ 1 / 0 }}` for one
        raise TemplateError(
            f"The template {shown(text)} of {where} failed: {type(error).__name__}: {error}."
        ) from error


@lru_cache(maxsize=512)
def _compiled(text: str) -> Callable[[dict[str, Any]], Any]:
    """`text` as a function of the context: compiling takes ten times as long as rendering."""
    expression = _single_expression(text)
    if expression is None:
        return _environment().from_string(text).render
    return _environment().compile_expression(expression, undefined_to_none=False)


def _single_expression(text: str) -> str | None:
    """The expression between the braces if `text` is one `{{ … }}` and nothing else."""
    from jinja2 import nodes  # noqa: PLC0415

    if not (text.startswith("{{") and text.endswith("}}")):
        return None
    body = _environment().parse(text).body
    if len(body) != 1 or not isinstance(body[0], nodes.Output):
        return None
    parts = body[0].nodes
    if len(parts) != 1 or isinstance(parts[0], nodes.TemplateData):
        return None
    return text[2:-2].removeprefix("-").removesuffix("-")  # `{{-` and `-}}` are jinja's whitespace control
