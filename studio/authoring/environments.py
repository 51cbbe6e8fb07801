"""`python=` and `requirements=`: which Python a function shall run in, as the DAG's author says it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from studio.authoring.arguments import several
from studio.authoring.places import here
from studio.core.names import shown
from studio.errors import InvalidInput

_VERSION: Final = re.compile(r"3\.\d{1,2}")
_INCLUDES: Final = ("-r", "--requirement", "-c", "--constraint")


@dataclass(frozen=True, slots=True)
class Environment:
    """An interpreter, and what shall be installed for it."""

    python: str  # a path, or a version; "": the worker's own
    requirements: tuple[str, ...]
    file: Path | None  # which has them

    def config(self) -> dict[str, Any]:
        """As it stands in the task's config; a file is read as of now."""
        lines = self.requirements if self.file is None else _lines(self.file)
        python = {"python": self.python} if self.python else {}
        return {**python, **({"requirements": list(lines)} if lines else {})}


def environment_of(
    python: str | os.PathLike[str] | None, requirements: str | os.PathLike[str] | Iterable[str] | None
) -> Environment | None:
    """None if neither is given. Raises `InvalidInput` for what is neither a version nor a file."""
    if python is None and requirements is None:
        return None
    file: Path | None = None
    lines: tuple[str, ...] = ()
    if isinstance(requirements, (str, os.PathLike)):
        file = here().directory / requirements
        _lines(file)
    elif requirements is not None:
        given = several(requirements, "requirements", (str,))
        lines = tuple(_checked(line.strip(), "requirements", here().directory) for line in given)
    return Environment("" if python is None else _interpreter(python), lines, file)


def _interpreter(python: object) -> str:
    if not isinstance(python, (str, os.PathLike)):  # 3.10 is the number 3.1
        raise InvalidInput(
            f"python is {shown(python)}; it must be text.", hint='Write "3.12".', field="python"
        )
    text = os.fspath(python)
    if _VERSION.fullmatch(text):
        return text
    path = Path(
        os.path.abspath(here().directory / Path(text).expanduser())
    )  # a link in a venv says which venv
    if not (path.is_file() and os.access(path, os.X_OK)):
        raise InvalidInput(
            f"python is {shown(python)}, and there is no such interpreter ({path}).",
            hint='Write python="3.12" or python="/opt/conda/envs/gis/bin/python".',
            field="python",
        )
    return str(path)


def _lines(file: Path) -> tuple[str, ...]:
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"The requirements {shown(str(file), 300)} cannot be read: {error}.",
            hint='Give a list of requirements, ["polars"], or the path of a file with them.',
            field="requirements",
        ) from error
    lines = (line.partition(" #")[0].strip() for line in text.replace("\\\n", " ").splitlines())
    return tuple(
        _checked(line, file.name, file.parent) for line in lines if line and not line.startswith("#")
    )


def _checked(line: str, where: str, directory: Path) -> str:
    """A line that means the same wherever it is read."""
    if not line or line.replace("=", " ").split()[0] in _INCLUDES:
        raise InvalidInput(
            f"{where} holds {shown(line)}; a line is one requirement, and other files are not read.",
            hint="Write down what they hold.",
            field="requirements",
        )
    if line.startswith(("./", "../")):
        return os.path.normpath(directory / line)
    return line
