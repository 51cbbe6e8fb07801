"""A refused command's durable result, as the error that it was."""

from __future__ import annotations

from typing import Any

from studio import errors


def error_of(result: dict[str, Any]) -> errors.StudioError:
    """The error with the result's code, message, hint and field."""
    kind = next((k for k in _all(errors.StudioError) if k.code == result.get("code")), errors.StudioError)
    message, hint = result.get("message"), result.get("hint")
    if issubclass(kind, errors.InvalidInput):
        return kind(message, hint=hint, field=result.get("field"))
    return kind(message, hint=hint)


def _all(kind: type[errors.StudioError]) -> list[type[errors.StudioError]]:
    return [kind, *(found for child in kind.__subclasses__() for found in _all(child))]
