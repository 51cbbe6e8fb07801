"""The validator of jsonschema, imported without what would make that take seconds.

`rfc3987_syntax`, which comes with Jupyter, compiles the grammar of IRIs when it is imported, and jsonschema imports it
if it is there: two seconds in every process that reads a DAG file with rules for params, or runs a task of it. Without
it the formats "iri" and "iri-reference" are taken as they are, as in an environment that does not have it.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

_GRAMMAR: Final = "rfc3987_syntax"


@cache
def validator_class() -> type[Draft202012Validator]:
    """The class for JSON Schema, draft 2020-12."""
    is_slow = not {"jsonschema", _GRAMMAR} & sys.modules.keys()
    if is_slow:
        sys.modules[_GRAMMAR] = None  # type: ignore[assignment]  # Python's word for "not to be imported"
    try:
        from jsonschema import Draft202012Validator  # noqa: PLC0415
    finally:
        if is_slow:
            del sys.modules[_GRAMMAR]
    return Draft202012Validator


@cache
def strict_validator_class() -> type[Draft202012Validator]:
    """The same, but for values that Python code gets: 5.0 is no integer there, while JSON Schema says it is."""
    base = validator_class()
    from jsonschema.validators import extend  # noqa: PLC0415

    def is_integer(_checker: object, value: object) -> bool:
        return isinstance(value, int) and not isinstance(value, bool)

    checker = base.TYPE_CHECKER.redefine("integer", is_integer)
    made: type[Draft202012Validator] = extend(base, type_checker=checker)  # type: ignore[no-untyped-call]
    return made
