"""The arguments of an attempt: what stands in its `config`, with values of other tasks put in and templates rendered.

    {"$output": "task"}, {"$output": "task", "key": k}   what an upstream task returned (None if it did not succeed),
                                                         or an entry of it
    {"$mapped": "argument"}                               an argument of the mapped group around the task
    {"$apply": [{"function", "path"}, …], "value": v}     v, given to functions one after another; v may hold others
    {"$apply": [], "value": v}                            v as it is, whatever is in it

A value that comes from elsewhere is never rendered: text of another task is no template. Nor may it name functions to
call: who puts a value with a key `$apply` into the context wraps it in the last form.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from studio.core.names import nearest, shown
from studio.core.parameters import check_value
from studio.core.templating import Renderer
from studio.errors import InvalidInput, InvalidParameter, NotFound
from studio.values.reference import is_encoded, is_reference
from studio.worker.attempt_values import Put, as_object, opened
from studio.worker.function_modules import remember_modules
from studio.worker.user_code import absolute, load, process_restored

MAX_RENDERED: Final = 4096  # characters of one argument that is kept with the attempt

_OUTPUT: Final = "$output"
_MAPPED: Final = "$mapped"
_APPLY: Final = "$apply"


def arguments_of(
    values: Mapping[str, Any], context: Mapping[str, Any], what: str, put: Put = as_object
) -> dict[str, Any]:
    """`values` as the task shall have them, with its own mapped arguments (`context["mapped_args"]`) over them.

    `put` says what stands in the place of a value that is, or holds, a reference to one that is kept elsewhere.

    Runs functions of users: they may raise anything. Raises `NotFound` naming the task, or the argument, whose value
    is missing, and `TemplateError`.
    """
    filled = _Filled(context, put)
    ready = {name: filled.value(value, f"{what} {shown(name)}") for name, value in values.items()}
    return ready | filled.mapped(context.get("mapped_args") or {}, what)


def kept(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """`arguments` for people to look at: what is longer than `MAX_RENDERED` characters is cut, as text."""
    return {name: _cut(value) for name, value in arguments.items()}


def _cut(value: Any) -> Any:
    try:
        plain = check_value(value, "value")
        text = plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)
    except InvalidParameter:  # a function made it, of a mapped argument
        plain = text = str(value)
    return plain if len(text) <= MAX_RENDERED else f"{text[: MAX_RENDERED - 1]}…"


class _Filled:
    """Values with everything filled in that they stand for."""

    def __init__(self, context: Mapping[str, Any], put: Put) -> None:
        self._put = put
        self._outputs = context.get("outputs") or {}
        self._valueless = context.get("valueless") or ()  # tasks that were skipped, or have failed
        self._mapped = self.mapped(context.get("mapped") or {}, "mapped argument")
        self._renderer = Renderer({**context, "mapped": self._mapped} if self._mapped else context)

    def mapped(self, arguments: Mapping[str, Any], what: str) -> dict[str, Any]:
        """Of the arguments of one instance: they may as a whole be what functions make of an item (`expand_kwargs`)."""
        found = dict(arguments)
        whole: Any = {}
        if _APPLY in found:
            whole = self.given({_APPLY: found.pop(_APPLY), "value": found.pop("value", None)}, what)
        whole = found.pop("", whole)
        if not isinstance(whole, dict):
            raise InvalidInput(
                f"An item of `expand_kwargs` is {shown(whole)}, not a dict of arguments.",
                hint="Map over dicts like {'day': '2013-01-31'}, one for each task instance.",
            )
        return whole | {name: self.given(value, f"{what} {shown(name)}") for name, value in found.items()}

    def value(self, value: Any, where: str) -> Any:
        """Of a value that the DAG's author wrote."""
        if isinstance(value, str):
            return self._renderer.render(value, where)
        if isinstance(value, list):
            return [self.value(item, f"{where}[{index}]") for index, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        if _OUTPUT in value and value.keys() <= {_OUTPUT, "key"}:
            return self._output(value, where)
        if value.keys() == {_MAPPED}:
            return self._argument(str(value[_MAPPED]), where)
        if _is_applied(value):
            return self.given(value, where)
        return {key: self.value(item, f"{where}[{shown(key)}]") for key, item in value.items()}

    def given(self, value: Any, where: str) -> Any:
        """Of a value that came when the task was launched: only functions are applied, wherever it says so."""
        if isinstance(value, list):
            return [self.given(item, f"{where}[{index}]") for index, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        if is_reference(value):
            return self._put(value, "", None)
        if not _is_applied(value):
            return {key: self.given(item, f"{where}[{shown(key)}]") for key, item in value.items()}
        steps = value[_APPLY]
        if not steps:
            return value["value"]
        result = self.given(value["value"], where)
        for step in steps:
            result = _applied(step, result)
        return result

    def _output(self, mark: dict[str, Any], where: str) -> Any:
        task = str(mark[_OUTPUT])
        if task in self._valueless and "key" not in mark:
            return None
        if task not in self._outputs:
            raise NotFound(
                f"The value of task {shown(task)}, which {where} is made of, is not there: the task has not succeeded, "
                "or it returned nothing that was kept.",
                hint=nearest(task, self._outputs),
            )
        value = self._outputs[task]
        if "key" not in mark:
            return self._put(value, task, None) if is_encoded(value) else value
        key, value = mark["key"], opened(value)
        if isinstance(value, list) and isinstance(key, str):  # of a mapped task: of each instance
            found: Any = [_entry(opened(item), key, task, where) for item in value]
        else:
            found = _entry(value, key, task, where)
        return self._put(found, task, key) if is_encoded(found) else found

    def _argument(self, name: str, where: str) -> Any:
        if name not in self._mapped:
            raise NotFound(
                f"There is no mapped argument {shown(name)} for {where}.", hint=nearest(name, self._mapped)
            )
        return self._mapped[name]


def _is_applied(value: dict[str, Any]) -> bool:
    return value.keys() == {_APPLY, "value"}


def _entry(value: Any, key: Any, task: str, where: str) -> Any:
    if isinstance(value, dict) and key in value:
        return value[key]
    if isinstance(value, list) and isinstance(key, int) and -len(value) <= key < len(value):
        return value[key]
    known = nearest(str(key), map(str, value)) if isinstance(value, dict) else f"It returned {shown(value)}."
    raise NotFound(
        f"What task {shown(task)} returned has no {shown(key)}, which {where} is made of.", hint=known
    )


def _applied(step: Any, value: Any) -> Any:
    if not isinstance(step, dict):
        raise InvalidInput(f"A function to apply is an object with `function` and `path`, not {shown(step)}.")
    path = absolute(step.get("path"))
    with process_restored(path, {}):
        try:
            return load(step.get("function"), path)(value)
        finally:
            remember_modules(path)
