"""Params: merged from DAG, task and run, and checked against their JSON Schemas (draft 2020-12, with formats).

Used when a DAG is validated, when a run is triggered, and again in the worker before a task starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from studio.core.json_schema import strict_validator_class, validator_class
from studio.core.names import nearest, shown
from studio.core.parameters import check_value
from studio.errors import InvalidParameter

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

Schemas = Mapping[str, Mapping[str, Any]]

#: That there is no value; None is one.
_NOTHING: Final = object()
#: Beginnings of rules in words; what follows is the keyword's value.
_RULES: Final = {
    "minimum": "must be at least",
    "exclusiveMinimum": "must be more than",
    "maximum": "must be at most",
    "exclusiveMaximum": "must be less than",
    "multipleOf": "must be a multiple of",
    "minLength": "must have a length of at least",
    "maxLength": "must have a length of at most",
    "minItems": "must have at least this many items:",
    "maxItems": "must have at most this many items:",
    "pattern": "must match the pattern",
    "const": "must be",
}
_EXAMPLES: Final[dict[str, Any]] = {
    "integer": 1, "number": 1.5, "boolean": True, "string": "text", "array": [], "object": {}, "null": None,
    "date": "2013-01-31", "time": "06:30:00Z", "date-time": "2013-01-31T06:30:00Z", "email": "ann@example.org",
    "uri": "https://example.org/data", "ipv4": "192.0.2.1", "uuid": "123e4567-e89b-12d3-a456-426614174000",
}  # fmt: skip


def merge_params(
    dag_params: Mapping[str, Any],
    task_params: Mapping[str, Any],
    run_params: Mapping[str, Any],
    schemas: Schemas | None = None,
) -> dict[str, Any]:
    """DAG < task < run, as plain JSON. `schemas`: of all params; a name with a schema and without a default is known.

    Raises `InvalidParameter` for a name in `run_params` that nobody declares, and for a value that is not JSON.
    """
    declared = {**dag_params, **task_params, **(schemas or {})}
    for name in run_params:
        if name not in declared:
            raise InvalidParameter(
                f"There is no param {shown(name)}.",
                hint=nearest(str(name), declared) or "The DAG declares no params.",
                field=f"params.{name}",
            )
    given = {name: check_value(value, f"Param {shown(name)}") for name, value in run_params.items()}
    return {**dag_params, **task_params, **given}


def check_params(values: Mapping[str, Any], schemas: Schemas) -> None:
    """Raise `InvalidParameter` if a value breaks its schema, or if a param with a schema has no value at all."""
    for name, schema in schemas.items():
        if name not in values:
            raise InvalidParameter(
                f"Param {shown(name)} has no default, so a run must give it a value.",
                hint=_for_example(schema),
                field=f"params.{name}",
            )
        _check(name, values[name], schema, "Param")


def check_schema(name: str, schema: Mapping[str, Any], default: Any = _NOTHING) -> None:
    """Raise `InvalidParameter` if `schema` is no JSON Schema, or if `default` (or the schema's own) does not fit it.

    `$ref` may only point into the same schema: nothing is fetched.
    """
    checker = validator_class()
    from jsonschema.exceptions import SchemaError  # noqa: PLC0415

    check_value(schema, f"The schema of param {shown(name)}")
    try:
        checker.check_schema(schema)
    except SchemaError as error:
        place = "".join(f"[{shown(part)}]" for part in error.path)
        raise InvalidParameter(
            f"The schema of param {shown(name)} is no JSON Schema: {place} {error.message}.".replace(
                "  ", " "
            ),
            hint="For example: {'type': 'integer', 'minimum': 1}.",
            field=f"param_schemas.{name}",
        ) from error
    for target in _references(schema):
        if not target.startswith("#"):
            raise InvalidParameter(
                f"The schema of param {shown(name)} refers to {shown(target)}, which is not in it.",
                hint="Write that schema into this one, below `$defs`.",
                field=f"param_schemas.{name}",
            )
    if default is _NOTHING:
        default = schema.get("default", _NOTHING)
    if default is not _NOTHING:
        _check(name, default, schema, "The default of param")


def check_against(
    value: Any,
    schema: Mapping[str, Any],
    what: str,
    *,
    field: str,
    hint: str | None = None,
    default: Any = None,
    is_strict: bool = False,
) -> None:
    """Raise `InvalidParameter` if `value` breaks `schema`; `what` begins the message ("Param 'n'").

    `hint` stands for an example, if it is known better; `default` is a good example, if it fits. `is_strict`: 5.0 is no
    integer.
    """
    validator = _validator(schema, is_strict=is_strict)
    from jsonschema.exceptions import best_match  # noqa: PLC0415
    from referencing.exceptions import Unresolvable  # noqa: PLC0415

    try:
        error = best_match(validator.iter_errors(value))
    except (Unresolvable, RecursionError) as fault:
        raise InvalidParameter(
            f"{what} cannot be checked: a `$ref` of its schema leads nowhere ({fault}).", field=field
        ) from fault
    if error is None:
        return
    place = "".join(f"[{shown(part)}]" for part in error.absolute_path)
    examples = schema if default is None else {"default": default, **schema}
    raise InvalidParameter(
        f"{what}{place} is {shown(error.instance)}, but it {_rule(error)}.",
        hint=hint or _for_example(examples),
        field=field,
    )


def _check(name: str, value: Any, schema: Mapping[str, Any], what: str) -> None:
    check_against(value, schema, f"{what} {shown(name)}", field=f"params.{name}")


def _validator(schema: Mapping[str, Any], *, is_strict: bool = False) -> Draft202012Validator:
    made = strict_validator_class() if is_strict else validator_class()
    from referencing import Registry  # noqa: PLC0415

    # A registry of its own: the default one fetches what a `$ref` names.
    return made(schema, format_checker=made.FORMAT_CHECKER, registry=Registry())


def _rule(error: ValidationError) -> str:
    keyword = str(error.validator)
    limit: Any = error.validator_value
    if keyword == "type":
        kinds = [limit] if isinstance(limit, str) else list(limit)
        return f"must be of type {' or '.join(map(str, kinds))}"
    if keyword == "enum":
        return f"must be one of {', '.join(map(shown, limit))}"
    if keyword == "format":
        return f"must have the format {limit}"
    if keyword in _RULES:
        return f"{_RULES[keyword]} {shown(limit)}"
    return f"breaks the rule {shown(keyword)}: {error.message}"


def _for_example(schema: Mapping[str, Any]) -> str | None:
    """A sentence with a value that fits; None if none comes to mind."""
    from referencing.exceptions import Unresolvable  # noqa: PLC0415

    validator = _validator(schema)
    try:
        fits = next((each for each in _candidates(schema) if validator.is_valid(each)), _NOTHING)
    except (Unresolvable, RecursionError):
        return None
    return None if fits is _NOTHING else f"For example: {shown(fits)}."


def _candidates(schema: Mapping[str, Any]) -> Iterator[Any]:
    yield from (schema.get("examples") or ())[:3]
    yield from (schema.get("enum") or ())[:1]
    for keyword in ("default", "const"):
        if keyword in schema:
            yield schema[keyword]
    if schema.get("format") in _EXAMPLES:
        yield _EXAMPLES[schema["format"]]
    kinds = schema.get("type", ())
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        for keyword, step in (
            ("minimum", 0),
            ("maximum", 0),
            ("exclusiveMinimum", 1),
            ("exclusiveMaximum", -1),
        ):
            if kind in ("integer", "number") and keyword in schema:
                yield schema[keyword] + step
        yield _EXAMPLES.get(kind)


def _references(schema: Any) -> Iterator[str]:
    """Every `$ref` in it, wherever it stands."""
    stack = [schema]
    while stack:
        part = stack.pop()
        if isinstance(part, Mapping):
            yield from (part[key] for key in ("$ref", "$dynamicRef") if isinstance(part.get(key), str))
            stack += part.values()
        elif isinstance(part, (list, tuple)):
            stack += part
