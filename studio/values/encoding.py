"""Values as JSON with references, and back."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any, Final

from studio.core.references import PLAIN, VALUE
from studio.errors import StudioError
from studio.values import formats
from studio.values.errors import ValueNotKept
from studio.values.kinds_of import Unfit, is_of, type_name
from studio.values.reference import Reference, reference_in
from studio.values.store import ValueStore

RETURNED: Final = "return_value"
MAX_INLINE: Final = 256 << 10  # bytes of JSON that stay in the database
MAX_LEAVES: Final = 1000  # files that one value is made of
_MAX_DEPTH: Final = 100
_MAX_INT: Final = 1 << 63

#: Takes a description: it is to be shown to people.
Record = Callable[[dict[str, Any]], object]


class _TooWild(Exception):
    """The container is kept as a whole."""


def kept(value: object, store: ValueStore, record: Record, *, is_measured: bool = False) -> Any:
    """What a task returned, as JSON; what is no JSON becomes files of `store`, each of them told to `record`.

    `is_measured`: tasks are mapped over it, so that a list stays one. Raises `ValueNotKept` naming what cannot be kept.
    """
    plain = _as_plain(value)
    if plain is not _NO_JSON:
        if is_measured or _is_small(plain):
            return plain
        return keep_object(plain, RETURNED, store, record).as_json()
    described: list[dict[str, Any]] = []
    try:
        encoded = _Leaves(store, described.append).encoded(value, RETURNED, 0)
    except _TooWild:
        return keep_object(value, RETURNED, store, record).as_json()
    for each in described:
        record(each)
    return encoded


def keep_object(value: object, name: str, store: ValueStore, record: Record) -> Reference:
    """Keep one object as one file. Raises `ValueNotKept`."""
    trouble: BaseException | None = None
    for format in formats.candidates(value):
        if format == "cloudpickle":
            break
        try:
            return _written(value, name, format, store, record)
        except Unfit as error:
            trouble = error
    try:
        return _written(value, name, "cloudpickle", store, record)
    except StudioError:
        raise
    except Exception as error:
        raise ValueNotKept(
            f"{_place(name)} is a {type_name(value)}, which cannot be passed on to other tasks: "
            f"{type(error).__name__}: {error}.",
            hint="Pass on what it is made of: a table, an array, a figure, text, numbers, a path.",
            field=name,
        ) from (trouble or error)


def restored(value: Any, load: Callable[[Reference], Any]) -> Any:
    """`value`, which `kept` gave, with the objects in the places of their references."""
    if isinstance(value, list):
        return [restored(item, load) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {PLAIN} and isinstance(value[PLAIN], dict):
        return {key: restored(item, load) for key, item in value[PLAIN].items()}
    reference = reference_in(value)
    if reference is None:
        return {key: restored(item, load) for key, item in value.items()}
    loaded = load(reference)
    return restored(loaded, load) if reference.format == "json" else loaded


def loaded(reference: Reference, store: ValueStore) -> Any:
    """The object. Raises `ValueNotThere`, `ValueNotRead`, `ValueStoreUnavailable`."""
    with store.fetched(reference.digest) as path:
        return formats.read(reference.format, path, reference.type)


def _written(value: object, name: str, format: str, store: ValueStore, record: Record) -> Reference:
    handler = formats.FORMATS[format]
    digest, size = store.put(lambda path: handler.write(value, path))
    described = handler.describe(value)
    reference = Reference(digest, format, described["type"], size)
    record({"name": name, "digest": digest, "format": format, "size": size, **described})
    return reference


class _Leaves:
    """Encodes a container whose leaves are not all JSON."""

    def __init__(self, store: ValueStore, record: Record) -> None:
        self._store = store
        self._record = record
        self._left = MAX_LEAVES

    def encoded(self, value: object, name: str, depth: int) -> Any:
        if depth > _MAX_DEPTH:
            raise _TooWild
        if isinstance(value, dict) and type(value) is dict:
            if not all(type(key) is str and _is_encodable(key) for key in value):
                raise _TooWild
            items = {key: self.encoded(item, f"{name}.{key}", depth + 1) for key, item in value.items()}
            return {PLAIN: items} if VALUE in items or PLAIN in items else items
        if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
            return [self.encoded(item, f"{name}.{n}", depth + 1) for n, item in enumerate(value)]
        plain = _as_plain(value)
        if plain is not _NO_JSON:
            return plain
        self._left -= 1
        if self._left < 0:
            raise _TooWild
        return keep_object(value, name, self._store, self._record).as_json()


class _NoJson(Exception):
    """It is no JSON, or none that the database and the wire can hold."""


_NO_JSON: Final = object()


def _as_plain(value: object) -> Any:
    """`value` as JSON, escaped, tuples as lists, numbers of numpy as numbers; `_NO_JSON` if it is none."""
    try:
        return _plain(value, 0)
    except _NoJson:
        return _NO_JSON


def _plain(value: Any, depth: int) -> Any:
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is int:
        if -_MAX_INT <= value < 2 * _MAX_INT:
            return value
    elif kind is float:
        if math.isfinite(value):
            return value
    elif kind is str:
        if value.isascii() or _is_encodable(value):
            return value
    elif depth < _MAX_DEPTH and kind in (list, tuple):
        return [_plain(item, depth + 1) for item in value]
    elif depth < _MAX_DEPTH and kind is dict:
        if all(type(key) is str and _is_encodable(key) for key in value):
            items = {key: _plain(item, depth + 1) for key, item in value.items()}
            return {PLAIN: items} if VALUE in items or PLAIN in items else items
    elif is_of(value, "numpy.generic"):
        item = value.item()
        if type(item) is not kind:
            return _plain(item, depth)
    raise _NoJson


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False
    return True


def _is_small(plain: Any) -> bool:
    if type(plain) is str:
        return len(plain) <= MAX_INLINE // 4 or len(plain.encode(errors="replace")) <= MAX_INLINE
    return not isinstance(plain, (list, dict)) or len(json.dumps(plain, ensure_ascii=False)) <= MAX_INLINE


def _place(name: str) -> str:
    if name == RETURNED:
        return "What the task returns"
    if name.startswith(f"{RETURNED}."):
        return f"{name.removeprefix(RETURNED + '.')!r} in what the task returns"
    return f"The value {name!r}"
