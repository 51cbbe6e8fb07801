"""Everything else, by cloudpickle. Read only in the process of a task, never in the server."""

from __future__ import annotations

import pickle
from typing import Any

from studio.values.kinds_of import type_name
from studio.values.previews import text_preview


def fits(value: object) -> bool:
    return True


def write(value: Any, path: str) -> None:
    """Raises whatever the object raises when it is pickled."""
    import cloudpickle  # noqa: PLC0415 - for few values only

    with open(path, "wb") as file:
        cloudpickle.dump(value, file, protocol=pickle.DEFAULT_PROTOCOL)


def read(path: str, type: str) -> Any:
    with open(path, "rb") as file:
        return pickle.load(file)


def describe(value: Any) -> dict[str, Any]:
    """As it shows itself; that is code of its own, which may fail."""
    try:
        shown = repr(value)
    except Exception as error:
        shown = f"(its repr raises {type(error).__name__}: {error})"
    return {"type": type_name(value), "schema": None, "preview": text_preview(shown)}
