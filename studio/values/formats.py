"""The formats of values: which objects they hold, how those are written, read and described.

The first that fits an object is taken. A format is chosen by the type's name, so that no library is imported for an
object that does not come from it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from studio.values import arrays, figures, pickled, plain, tables
from studio.values.errors import ValueNotRead


@dataclass(frozen=True, slots=True)
class Description:
    """What people see of a value without loading it; JSON."""

    type: str  # "pandas.DataFrame"
    schema: dict[str, Any] | None = None  # columns with types and the index, or shape and type
    preview: dict[str, Any] | None = field(default=None)


class Format(Protocol):
    """A module with these functions; see `studio.values.tables` for one."""

    def fits(self, value: object) -> bool:
        """Whether it can hold the value; cheap."""

    def write(self, value: Any, path: str) -> None:
        """Write the file. Raises `Unfit` if it turns out that the format cannot hold all of the value."""

    def read(self, path: str, type: str) -> Any:
        """The value again."""

    def describe(self, value: Any) -> dict[str, Any]:
        """Its "type", "schema" and "preview"."""


FORMATS: Final[dict[str, Any]] = {
    "parquet": tables,
    "npy": arrays,
    "png": figures,
    "text": plain.Text(),
    "bytes": plain.Bytes(),
    "json": plain.Json(),
    "cloudpickle": pickled,
}


def candidates(value: object) -> list[str]:
    """Names of the formats that may hold `value`, the best first. The last one takes everything that can be pickled."""
    return [name for name, each in FORMATS.items() if each.fits(value)]


def read(format: str, path: str | os.PathLike[str], type: str) -> Any:
    """The value in the file. Raises `ValueNotRead` saying what is missing."""
    if format not in FORMATS:
        raise ValueNotRead(
            f"A value of the format {format!r} was written by a newer version.",
            hint="Install the same pipeline-studio here as where the value was written.",
        )
    try:
        return FORMATS[format].read(os.fspath(path), type)
    except ImportError as error:
        raise ValueNotRead(
            f"To read a {type} ({format}), {error.name or 'a package'} has to be installed in the environment of this "
            f"task: {error}.",
            hint=f"Add {(error.name or 'it').partition('.')[0]} to it.",
        ) from error
    except Exception as error:
        raise ValueNotRead(
            f"A value ({type}, {format}) could not be read: {error.__class__.__name__}: {error}"
        ) from error
