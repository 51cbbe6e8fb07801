"""Names and values of parameters: identifiers, and plain JSON.

Papermill writes `name = value` into a cell and executes it, so a name is code: only identifiers pass.
"""

from __future__ import annotations

import keyword
import math
from collections.abc import Iterable
from typing import Any, Final

from studio.core.names import shown
from studio.errors import InvalidParameter

MAX_DEPTH: Final = 100  # nesting of a value


def check_names(names: Iterable[object], where: str = "the notebook") -> None:
    """Refuse every name that is not a plain identifier; raises `InvalidParameter`."""
    for name in names:
        if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
            raise InvalidParameter(
                f"{shown(name)} cannot be a parameter of {where}: a parameter's name is an identifier.",
                hint="Use letters, digits and `_`, not starting with a digit, and no Python keyword.",
                field="parameters",
            )


def check_value(value: Any, where: str) -> Any:
    """`value` as plain JSON (tuples become lists); raises `InvalidParameter` naming the place of what is not."""
    return _check_value(value, where, 0)


def _check_value(value: Any, where: str, depth: int) -> Any:
    if value is None or (isinstance(value, (bool, int)) and type(value) in (bool, int)):
        return value
    if type(value) is float:
        if math.isfinite(value):
            return value
        raise InvalidParameter(
            f"{where} is {value}, which JSON cannot hold.", hint="Use None for a missing number."
        )
    if type(value) is str:
        if not value.isprintable():  # cheap first look; only unprintable text can hold a lone surrogate
            _check_encodable(value, where)
        return value
    if depth >= MAX_DEPTH:
        raise InvalidParameter(f"{where} is nested more than {MAX_DEPTH} levels deep.")
    if type(value) in (list, tuple):
        return [_check_value(item, f"{where}[{index}]", depth + 1) for index, item in enumerate(value)]
    if type(value) is dict:
        for key in value:
            if type(key) is not str:
                raise InvalidParameter(
                    f"{where} has the key {shown(key)}; the keys of a JSON object are text."
                )
            _check_encodable(key, where)
        return {key: _check_value(item, f"{where}[{shown(key)}]", depth + 1) for key, item in value.items()}
    raise InvalidParameter(
        f"{where} is {shown(value)} of type {type(value).__module__}.{type(value).__qualname__}, not a JSON value.",
        hint="Use text, numbers, True, False, None, lists and dicts: `str(day)`, `int(n)`, `frame.to_dict('list')`.",
    )


def _check_encodable(text: str, where: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidParameter(
            f"{where} holds a lone surrogate, which is not valid text: {shown(text)}."
        ) from error
