"""Jinja templates in the values of a task: `{{ ds }}`, `{{ params.day }}`.

Sandboxed and strict: an undefined name is an error, never an empty string. A string that is exactly one expression
keeps the type of its value (`"{{ params.n }}"` gives the number), everything else gives text; with
`context["native"]` text that reads as a Python literal becomes its value, as in Airflow's native rendering. What
comes out is JSON: a date becomes ISO text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from studio.core.moments import FILTERS
from studio.core.names import shown
from studio.core.template_names import names_of
from studio.errors import InvalidInput, StudioError

if TYPE_CHECKING:
    from jinja2.sandbox import ImmutableSandboxedEnvironment


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
    return Renderer(context).render(value, where)


def render_all(
    values: Mapping[str, Any], context: Mapping[str, Any], what: str = "parameter"
) -> dict[str, Any]:
    """Every value of `values` rendered; a message names the `what` by its key."""
    renderer = Renderer(context)
    return {name: renderer.render(value, f"{what} {shown(name)}") for name, value in values.items()}


class Renderer:
    """Renders any number of values with one context; its names are made when the first template is met."""

    def __init__(self, context: Mapping[str, Any]) -> None:
        self._context = context
        self._is_native = bool(context.get("native"))
        self._names: dict[str, Any] | None = None

    def render(self, value: Any, where: str) -> Any:
        """See `studio.core.templating.render`."""
        if isinstance(value, str):
            return self._render_text(value, where) if is_template(value) else value
        if isinstance(value, dict):
            return {key: self.render(item, f"{where}[{shown(key)}]") for key, item in value.items()}
        if isinstance(value, list):
            return [self.render(item, f"{where}[{index}]") for index, item in enumerate(value)]
        return value

    def _render_text(self, text: str, where: str) -> Any:
        from jinja2 import TemplateSyntaxError, UndefinedError  # noqa: PLC0415

        if self._names is None:
            self._names = names_of(self._context)
        told = f"The template {shown(text)} of {where}"
        try:
            return _plain(_compiled(text, self._is_native)(dict(self._names)))
        except UndefinedError as error:
            raise TemplateError(f"{told} cannot be rendered: {error}.", hint=self._known()) from error
        except TemplateSyntaxError as error:
            raise TemplateError(f"{told} is not valid: {error}.") from error
        except StudioError as error:
            raise TemplateError(f"{told} cannot be rendered: {error.message}", hint=error.hint) from error
        except Exception as error:  # an expression may raise anything, `{{ 1 / 0 }}` for one
            raise TemplateError(f"{told} failed: {type(error).__name__}: {error}.") from error

    def _known(self) -> str:
        known = ", ".join(sorted(map(str, self._names or ())))
        is_dateless = "logical_date" not in self._context and "run_id" in self._context
        dates = (
            " The run has no logical date; trigger one with a date for `ds` and the like."
            if is_dateless
            else ""
        )
        return f"It may use: {known}.{dates}"


def _plain(value: Any) -> Any:
    """`value` as JSON: what has no form in it becomes text. `str()` of an undefined value raises."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if type(value) is dict:
        return {key: _plain(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else str(value)


# Loaded when the first template is met: most tasks have none, and jinja2 costs 30 ms to import.


@cache
def _environment(is_native: bool) -> ImmutableSandboxedEnvironment:
    from jinja2 import StrictUndefined  # noqa: PLC0415
    from jinja2.nativetypes import NativeEnvironment  # noqa: PLC0415
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415

    class NativeSandbox(ImmutableSandboxedEnvironment, NativeEnvironment):
        """Both."""

    kind = NativeSandbox if is_native else ImmutableSandboxedEnvironment
    environment = kind(undefined=StrictUndefined, keep_trailing_newline=True)
    environment.filters.update(FILTERS)
    return environment


@lru_cache(maxsize=512)
def _compiled(text: str, is_native: bool) -> Callable[[dict[str, Any]], Any]:
    """`text` as a function of the names: compiling takes ten times as long as rendering."""
    expression = None if is_native else _single_expression(text)
    if expression is None:
        return _environment(is_native).from_string(text).render
    return _environment(False).compile_expression(expression, undefined_to_none=False)


def _single_expression(text: str) -> str | None:
    """The expression between the braces if `text` is one `{{ … }}` and nothing else."""
    from jinja2 import nodes  # noqa: PLC0415

    if not (text.startswith("{{") and text.endswith("}}")):
        return None
    body = _environment(False).parse(text).body
    if len(body) != 1 or not isinstance(body[0], nodes.Output):
        return None
    parts = body[0].nodes
    if len(parts) != 1 or isinstance(parts[0], nodes.TemplateData):
        return None
    return text[2:-2].removeprefix("-").removesuffix("-")  # `{{-` and `-}}` are jinja's whitespace control
