"""Params of a DAG or a task: a default value, and what else it may be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from studio.authoring.arguments import mapping, refuse_unknown
from studio.core.names import shown
from studio.core.parameters import check_names, check_value

_REQUIRED: Final = object()

#: Python words for JSON Schema keywords that Python cannot spell.
_KEYWORDS: Final = {
    "exclusive_minimum": "exclusiveMinimum",
    "exclusive_maximum": "exclusiveMaximum",
    "multiple_of": "multipleOf",
    "min_length": "minLength",
    "max_length": "maxLength",
    "min_items": "minItems",
    "max_items": "maxItems",
    "unique_items": "uniqueItems",
    "additional_properties": "additionalProperties",
}
#: What may stand in a schema of a param: JSON Schema, and what forms are made of.
_KNOWN: Final = frozenset(
    [
        "type", "enum", "const", "title", "description", "default", "examples", "deprecated", "readOnly",
        "writeOnly", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
        "minLength", "maxLength", "pattern", "items", "prefixItems", "contains", "minContains", "maxContains",
        "minItems", "maxItems", "uniqueItems", "unevaluatedItems", "properties", "patternProperties",
        "additionalProperties", "propertyNames", "required", "minProperties", "maxProperties",
        "dependentRequired", "dependentSchemas", "unevaluatedProperties", "allOf", "anyOf", "oneOf", "not",
        "if", "then", "else", "contentEncoding", "contentMediaType", "contentSchema", "$ref", "$defs",
        "$comment", "$schema", "$id", "$anchor", "section", "description_md", "values_display",
    ]
)  # fmt: skip


class Param:
    """A param with rules: `Param(5, minimum=1, description="How many")`. Without a default a run must give a value.

    Keywords are those of JSON Schema (draft 2020-12): type, enum, minimum, maximum, pattern, format, items, title,
    description, examples, …
    """

    def __init__(self, default: Any = _REQUIRED, **schema: Any) -> None:
        known = [*_KEYWORDS, *sorted(_KNOWN)]
        refuse_unknown([name for name in schema if name not in known], "Param(...)", known)
        self.default = default
        self.schema: dict[str, Any] = {_KEYWORDS.get(name, name): value for name, value in schema.items()}

    @property
    def is_required(self) -> bool:
        return self.default is _REQUIRED

    def __repr__(self) -> str:
        default = "" if self.is_required else repr(self.default)
        rules = [f"{name}={value!r}" for name, value in self.schema.items()]
        return f"Param({', '.join([default, *rules] if default else rules)})"


def split_params(
    params: Mapping[str, Any] | None, what: str
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """(default values, JSON Schemas), both by name. `what` names the owner for messages."""
    given = mapping(params, "params")
    check_names(given, what)
    values: dict[str, Any] = {}
    schemas: dict[str, dict[str, Any]] = {}
    for name, value in given.items():
        if not isinstance(value, Param):
            values[name] = check_value(value, f"params[{shown(name)}]")
            continue
        schemas[name] = check_value(value.schema, f"the rules of params[{shown(name)}]")
        if not value.is_required:
            values[name] = check_value(value.default, f"params[{shown(name)}]")
    return values, schemas
