"""What a handler is given: the checked parts of one request."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from studio.core.bounds import WHOLE
from studio.core.names import check_name, check_run_id, nearest, shown
from studio.errors import InvalidInput

_MAX_DEPTH: Final = 100
_INT_RANGE: Final = (-(2**63), 2**64 - 1)  # what the JSON encoder can give back unchanged

BodyType = TypeVar("BodyType", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Request:
    """`path` and `query` are decoded text. `body` is the route's struct; `content` the raw bytes of a file."""

    path: dict[str, str]
    query: dict[str, str]
    body: Any
    content: bytes
    actor: str
    notebooks: Path | None = (
        None  # the directory that relative paths of notebooks start at; None: the server's own
    )

    @property
    def dag_id(self) -> str:
        """Raises `InvalidName`."""
        return check_name(self.path["dag_id"], "DAG")

    @property
    def run_id(self) -> str:
        return check_run_id(self.path["run_id"])

    @property
    def task_id(self) -> str:
        return check_name(self.path["task_id"], "task")

    @property
    def map_index(self) -> int:
        return self.whole("map_index", -1, -1, 1_000_000)

    @property
    def try_number(self) -> int | None:
        """None: the latest."""
        return self.whole("try_number", 0, 1, 1_000_000) or None

    @property
    def backfill_id(self) -> int:
        return _identifier("backfill_id", self.path["backfill_id"])

    def number_of(self, name: str) -> int | None:
        """The id of an object in the query; None without one."""
        text = self.query.get(name)
        return None if text is None else _identifier(name, text)

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        """A whole number of the query; raises `InvalidInput` outside of the bounds."""
        text = self.query.get(name)
        if text is None:
            return default
        if not re.fullmatch(r"-?[0-9]{1,9}", text) or not least <= int(text) <= most:
            raise InvalidInput(
                f"{name} is {shown(text)}; it must be a whole number from {least} to {most}.",
                hint=f"For example {name}={max(least, min(most, 50))}.",
                field=name,
            )
        return int(text)


def _identifier(name: str, text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,16}", text):
        raise InvalidInput(f"{name} is {shown(text)}; it must be a whole number.", field=name)
    return int(text)


def read_body(content: bytes, kind: type[BodyType]) -> BodyType:
    """Decode a JSON body. Raises `InvalidInput` that names the path of what is wrong.

    Stricter than JSON parsers are: no NaN, no doubled key, no number that would come back changed.
    """
    try:
        value = json.loads(content.decode("utf-8"), object_pairs_hook=_object, parse_constant=_constant)
    except UnicodeDecodeError as error:
        raise _invalid_json(f"byte {error.start} is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise _invalid_json(f"{error.msg} (line {error.lineno}, column {error.colno})") from error
    except RecursionError as error:
        raise _invalid_json(f"it is nested deeper than {_MAX_DEPTH} levels") from error
    except ValueError as error:  # a number of thousands of digits
        raise _invalid_json(str(error)) from error
    _check_values(value)
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise _refused(str(error), kind) from error


def _refused(text: str, kind: type[msgspec.Struct]) -> InvalidInput:
    """msgspec's message, split into what and where, with the nearest name for an unknown one."""
    what, _, where = text.partition(" - at `")
    field = re.sub(r"^\$\.?", "", where.rstrip("`")) or None
    place = f" at {field}" if field else ""
    return InvalidInput(
        f"The body is not accepted{place}: {what}.", hint=_hint(what, field, kind), field=field
    )


def _hint(what: str, field: str | None, kind: Any) -> str | None:
    if unknown := re.search(r"unknown field `(.*)`", what):
        return nearest(unknown[1], sorted({name for name, _ in _fields(kind)}))
    name = (field or "").rpartition(".")[2]
    if value := re.search(r"Invalid (?:enum )?value '(.*)'", what):
        known = [word for each, schema in _fields(kind) if each == name for word in schema.get("enum", ())]
        return nearest(value[1], dict.fromkeys(known))
    if name in WHOLE and "Expected `int" in what:
        return "It must be a whole number from {} to {}.".format(*WHOLE[name])
    return None


def _fields(kind: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """(name, JSON Schema) of all fields of a struct and of those within it."""
    for schema in msgspec.json.schema_components([kind])[1].values():
        yield from schema.get("properties", {}).items()


def _invalid_json(why: str) -> InvalidInput:
    return InvalidInput(f"The body is not valid JSON: {why}.", hint='Send for example {"paused": true}.')


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {shown(twice)} stands there twice")
    return found


def _constant(text: str) -> Any:
    raise ValueError(f"{text} is no JSON value")


def _check_values(value: Any) -> None:
    for item in _values(value):
        if isinstance(item, int) and not _INT_RANGE[0] <= item <= _INT_RANGE[1]:
            raise InvalidInput(
                f"The whole number {shown(item)} has more than 64 bits and would not come back unchanged.",
                hint="Send it as text.",
            )
        if isinstance(item, str) and not item.isprintable():
            try:
                item.encode()
            except UnicodeEncodeError as error:  # `\ud800` is JSON, but no text that can be kept or sent
                raise InvalidInput(
                    f"The text {shown(item)} holds a lone surrogate, which is not valid."
                ) from error
        if isinstance(item, float) and item in (float("inf"), float("-inf")):
            raise InvalidInput("A number is too large for a double.", hint="Send it as text.")


def _values(value: Any) -> Iterator[Any]:
    stack: list[tuple[Any, int]] = [(value, 0)]
    while stack:
        item, depth = stack.pop()
        if depth > _MAX_DEPTH:
            raise _invalid_json(f"it is nested deeper than {_MAX_DEPTH} levels")
        if isinstance(item, dict):
            yield from item
            stack.extend((part, depth + 1) for part in item.values())
        elif isinstance(item, list):
            stack.extend((part, depth + 1) for part in item)
        else:
            yield item
