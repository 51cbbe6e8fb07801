"""Values that tasks pass on: what they return, and what they keep with `studio.save`.

Small JSON stays in the database; everything else is a file of the store of values, known by the hash of its content,
and in JSON a reference to it stands in its place. Imports the standard library, and of the studio only what any Python
has that sees this package, because kernels and environments of other tasks use it, too.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


def given(value: Any) -> Any:
    """For parameter cells: JSON with references, with the objects in their places."""
    attempt = import_module("studio.values.attempt")
    return attempt.required("given").restored(value)
