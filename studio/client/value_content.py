"""The content of a value, fetched from the server, as the object it was."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from studio.api.models import ValueInfo
from studio.core.names import nearest, shown
from studio.errors import Forbidden, NotFound
from studio.values import formats
from studio.values.encoding import restored
from studio.values.reference import Reference


def object_in(
    values: Sequence[ValueInfo], name: str, fetch: Callable[[str], bytes], *, allow_pickle: bool
) -> Any:
    """The value of that name among those of an attempt, whole: what is kept beside it is fetched, too.

    Raises `NotFound`, `Forbidden` for a pickle unless it is allowed, and `ValueNotRead`.
    """
    by_name = {value.name: value for value in values}
    by_digest = {value.digest: value for value in values}
    if name not in by_name:
        hint = nearest(name, by_name) or "It has left no value."
        raise NotFound(f"The task has no value {shown(name)}.", hint=hint)

    def load(reference: Reference) -> Any:
        part = by_digest.get(reference.digest)
        if part is None:
            raise NotFound(f"A part of {shown(name)} ({reference.type}) is a value of another task.")
        return _object_of(part, fetch(part.name), allow_pickle=allow_pickle)

    found = _object_of(by_name[name], fetch(name), allow_pickle=allow_pickle)
    return restored(found, load) if by_name[name].format == "json" else found


def _object_of(info: ValueInfo, content: bytes, *, allow_pickle: bool) -> Any:
    if info.digest is None:
        return json.loads(content)
    if info.format == "cloudpickle" and not allow_pickle:
        raise Forbidden(
            f"The value {shown(info.name)} ({info.type}) is a pickle: loading it runs code that its task has chosen.",
            hint="If you trust that task: load_value(..., allow_pickle=True).",
        )
    with tempfile.TemporaryDirectory(prefix="studio-value-") as folder:
        path = Path(folder) / "value"
        path.write_bytes(content)
        return formats.read(info.format, path, info.type)
