"""From the parameters of a notebook to a JSON Schema (draft 2020-12), which forms are made of.

Two kinds of type. What the author wrote (`n: int = 1`) is a rule: a value that does not fit is refused. What a default
only suggests (`n = 1`) is for the form and for a warning, because a value of another type may be just as good to
Python: such a property carries `"x-studio-inferred": true`, and a whole number as default takes any number.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

from studio.core.parameter_cell import DetectedParameter

Schema: TypeAlias = dict[str, Any]

#: Marks the type of a property that comes from its default only.
INFERRED: Final = "x-studio-inferred"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_PLAIN: Final[dict[str, Schema]] = {
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "str": {"type": "string"},
    "bool": {"type": "boolean"},
    "None": {"type": "null"},
    "NoneType": {"type": "null"},
    "list": {"type": "array"},
    "tuple": {"type": "array"},
    "Sequence": {"type": "array"},
    "dict": {"type": "object"},
    "Mapping": {"type": "object"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "time": {"type": "string", "format": "time"},
}
_SPELLINGS: Final = {"List": "list", "Tuple": "tuple", "Dict": "dict", "Iterable": "Sequence"}
_MODULES: Final = frozenset(
    {"typing", "typing_extensions", "collections.abc", "datetime", "t", "dt", "builtins"}
)
_INFERRED_TYPES: Final[dict[str, Any]] = {
    "int": "number",
    "float": "number",
    "str": "string",
    "bool": "boolean",
    "list": "array",
    "tuple": "array",
    "dict": "object",
}


def parameters_schema(detected: Iterable[DetectedParameter], title: str = "") -> Schema:
    """The schema of an object with a property for each parameter, in their order. `title`: of the notebook."""
    parameters = list(detected)
    schema: Schema = {"$schema": DIALECT, "type": "object"}
    if title:
        schema["title"] = title
    schema["properties"] = {parameter.name: property_schema(parameter) for parameter in parameters}
    schema["required"] = [parameter.name for parameter in parameters if parameter.is_required]
    schema["additionalProperties"] = False
    return schema


def property_schema(parameter: DetectedParameter) -> Schema:
    """The schema of one parameter: its type, title, description and default, as far as the cell says them."""
    if parameter.is_annotated:
        schema = annotation_schema(parameter.type)
        if parameter.has_default_literal and parameter.default is None:  # `n: int = None`, as many write
            schema = _either([schema, {"type": "null"}])
    elif parameter.type in _INFERRED_TYPES:
        schema = {"type": _INFERRED_TYPES[parameter.type], INFERRED: True}
    else:
        schema = {}
    schema["title"] = parameter.name
    if parameter.help:
        schema["description"] = parameter.help
    if parameter.has_default_literal and _is_sendable(parameter.default):
        schema["default"] = parameter.default
    return schema


def rule_of(schema: Mapping[str, Any]) -> Schema:
    """What of a property's schema a value has to fit; empty if anything does."""
    notes = ("title", "description", "default", INFERRED)
    return {} if schema.get(INFERRED) else {key: rule for key, rule in schema.items() if key not in notes}


def annotation_schema(annotation: str) -> Schema:
    """The schema of a Python annotation as text; empty, which takes anything, for what has no form in JSON."""
    try:
        return _schema(ast.parse(annotation.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}


def _schema(node: ast.expr) -> Schema:
    if isinstance(node, ast.Constant):
        if node.value is None:
            return dict(_PLAIN["None"])
        return annotation_schema(node.value) if isinstance(node.value, str) else {}
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _either([_schema(node.left), _schema(node.right)])
    if isinstance(node, ast.Subscript):
        inner = node.slice
        return _generic(_name(node.value), list(inner.elts) if isinstance(inner, ast.Tuple) else [inner])
    return dict(_PLAIN.get(_name(node), {}))


def _generic(name: str, arguments: list[ast.expr]) -> Schema:
    if name == "Literal":
        return _literals(arguments)
    if name == "Optional":
        return _either([_schema(arguments[0]), {"type": "null"}])
    if name == "Union":
        return _either([_schema(argument) for argument in arguments])
    if name in ("Annotated", "Final", "Required"):
        return _schema(arguments[0])
    if name in ("list", "Sequence"):
        return {"type": "array", **_part("items", arguments[0])}
    if name == "tuple":
        return _tuple(arguments)
    if name in ("dict", "Mapping") and len(arguments) == 2:
        if _schema(arguments[0]).get("type") not in (None, "string"):
            return {}  # the keys of a JSON object are text
        return {"type": "object", **_part("additionalProperties", arguments[1])}
    return {}


def _literals(arguments: list[ast.expr]) -> Schema:
    values = []
    for argument in arguments:
        try:
            value = ast.literal_eval(argument)
        except (ValueError, TypeError, SyntaxError):
            return {}
        if (value is not None and not isinstance(value, (bool, int, str))) or not _is_sendable(value):
            return {}
        values.append(value)
    return {"enum": values}


def _tuple(arguments: list[ast.expr]) -> Schema:
    last = arguments[-1]
    if len(arguments) == 2 and isinstance(last, ast.Constant) and last.value is ...:
        return {"type": "array", **_part("items", arguments[0])}
    size = len(arguments)
    return {
        "type": "array",
        "prefixItems": [_schema(each) for each in arguments],
        "minItems": size,
        "maxItems": size,
    }


def _part(keyword: str, argument: ast.expr) -> Schema:
    inner = _schema(argument)
    return {keyword: inner} if inner else {}


def _either(schemas: list[Schema]) -> Schema:
    """Takes what one of them takes; written with one list of types, or one list of values, where that says it."""
    if not all(schemas):
        return {}
    if all("enum" in schema or schema == {"type": "null"} for schema in schemas) and any(
        "enum" in schema for schema in schemas
    ):
        return {"enum": [value for schema in schemas for value in schema.get("enum", [None])]}
    with_rules = [schema for schema in schemas if schema.keys() != {"type"}]
    rest = [schema for schema in schemas if schema != {"type": "null"}]
    if len(with_rules) == 1 and len(rest) == 1 and "type" in rest[0]:  # `list[int] | None`: rules are by type
        return {**rest[0], "type": [*_types(rest[0]), "null"]}
    if not with_rules:
        return {"type": list(dict.fromkeys(kind for schema in schemas for kind in _types(schema)))}
    return {"anyOf": schemas}


def _is_sendable(value: Any) -> bool:
    """Whether every whole number in it survives JSON as browsers and databases read it."""
    if isinstance(value, int):
        return -(1 << 63) <= value < 1 << 63
    if isinstance(value, dict):
        return all(map(_is_sendable, value.values()))
    return all(map(_is_sendable, value)) if isinstance(value, list) else True


def _types(schema: Schema) -> list[str]:
    kinds = schema["type"]
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _name(node: ast.expr) -> str:
    """`List` of `typing.List`, in the spelling of the built-in type; empty for what is no known name."""
    text = ast.unparse(node) if isinstance(node, (ast.Name, ast.Attribute)) else ""
    module, _, name = text.rpartition(".")
    if module and module not in _MODULES:
        return ""
    return _SPELLINGS.get(name, name)
