"""From what a task was given to an instance of its operator: names checked, values converted, errors that say which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

from studio.core.names import nearest, shown
from studio.errors import InvalidInput
from studio.operators.base import Field, Operator, fields_of, is_marker, is_unresolved


def made(kind: type[Operator], name: str, arguments: Mapping[str, Any]) -> Operator:
    """An instance for an attempt. `name`: of the operator, for messages.

    What a template gave is text, so text that reads as a number is one where a number is wanted. Raises `InvalidInput`.
    """
    known = {field.name: field for field in fields_of(kind)}
    check_known(kind, name, arguments)
    check_complete(kind, name, arguments)
    values = {key: converted(known[key], name, value, strict=False) for key, value in arguments.items()}
    operator = kind(**values)
    operator.check()
    return operator


def check_defined(
    kind: type[Operator], name: str, arguments: Mapping[str, Any], *, is_partial: bool = False
) -> None:
    """Raise `InvalidInput` for what is wrong already when the task is defined.

    What holds templates or values of other tasks is not judged by its type. `is_partial`: more fields come when the
    task is mapped, so some may be missing, and the operator's own `check` is not asked.
    """
    known = {field.name: field for field in fields_of(kind)}
    check_known(kind, name, arguments)
    values = {key: _defined(known[key], name, value) for key, value in arguments.items()}
    if not is_partial:
        check_complete(kind, name, arguments)
        kind(**values).check()


def check_known(kind: type[Operator], name: str, given: Iterable[str]) -> None:
    """Raise `InvalidInput` for an argument that the operator does not take."""
    known = [field.name for field in fields_of(kind)]
    for each in given:
        if each not in known:
            raise InvalidInput(
                f"{name}(...) takes no {shown(each)}.", hint=nearest(str(each), known), field=str(each)
            )


def check_complete(kind: type[Operator], name: str, given: Iterable[str]) -> None:
    """Raise `InvalidInput` for an argument that has to be given, and is not."""
    there = set(given)
    for field in fields_of(kind):
        if field.required and field.name not in there:
            raise InvalidInput(
                f"{name}(...) needs the argument {shown(field.name)}.",
                hint=f"It is {field.description}." if field.description else None,
                field=field.name,
            )


def converted(field: Field, name: str, value: Any, *, strict: bool = True) -> Any:
    """`value` as the field's type; values of a mapped task become a list where one is wanted. Raises `InvalidInput`."""
    try:
        return msgspec.convert(value, field.type, strict=strict)
    except msgspec.ValidationError as error:
        if isinstance(value, Sequence) and not isinstance(value, (str, bytes, list)):
            return converted(field, name, list(value), strict=strict)
        raise InvalidInput(
            f"The argument {shown(field.name)} of {name} is {shown(value)}, which does not fit: {error}.",
            hint=f"It must be {type_text(field.type)}.",
            field=field.name,
        ) from error


def type_text(annotation: Any) -> str:
    """A type for people: `str | list[str]`, `"GET" | "POST"`."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return type_text(inner[0])
    if origin in (Union, UnionType):
        return " | ".join(type_text(each) for each in inner)
    if origin is Literal:
        return " | ".join(f'"{each}"' if isinstance(each, str) else str(each) for each in inner)
    if origin is not None:
        return f"{type_text(origin)}[{', '.join(map(type_text, inner))}]"
    if annotation in (None, NoneType):
        return "None"
    if annotation in (Any, object):
        return "any value"
    return str(getattr(annotation, "__name__", annotation))


def _defined(field: Field, name: str, value: Any) -> Any:
    if field.verbatim and isinstance(value, dict) and is_marker(value):
        raise InvalidInput(
            f"The argument {shown(field.name)} of {name} is taken as it is written: it cannot come from another task.",
            hint="Give another argument what varies.",
            field=field.name,
        )
    if field.verbatim or not is_unresolved(value):
        return converted(field, name, value)
    try:
        return msgspec.convert(value, field.type)
    except msgspec.ValidationError:
        return value
