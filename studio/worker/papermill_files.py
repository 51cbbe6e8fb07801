"""Papermill as this process uses it: our engine, values of tasks as parameters, files that are never half written."""

from __future__ import annotations

import os
import warnings
from functools import cache

from nbformat.warnings import DuplicateCellId, MissingIDFieldWarning
from papermill.engines import papermill_engines
from papermill.iorw import papermill_io
from papermill.translators import papermill_translators

from studio.secrets.access import current_masker
from studio.worker.engine import StudioEngine
from studio.worker.parameter_code import ParameterTranslator


class _LocalFiles:
    """Papermill's I/O for absolute paths: no change of directory, and a reader never sees half a file."""

    def read(self, path: str) -> str:
        with open(path, encoding="utf-8-sig") as file:
            return file.read()

    def write(self, text: str, path: str) -> None:
        text = current_masker().text(text)
        partial = f"{path}.part"
        # Half of a surrogate pair becomes `\\ud800`, which in JSON is what it was; the file stays UTF-8.
        with open(partial, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        os.replace(partial, path)

    def listdir(self, path: str) -> list[str]:
        return [os.path.join(path, name) for name in os.listdir(path)]

    def pretty_path(self, path: str) -> str:
        return path


@cache
def register() -> None:
    """Make papermill use what is ours in this process, whether or not the entry point is installed."""
    papermill_engines.register("studio", StudioEngine)
    papermill_translators.register("python", ParameterTranslator)
    papermill_io.register("/", _LocalFiles())


def silence_format_warnings() -> None:
    """nbformat's remarks on cell ids are nobody's here. For good, and not by `catch_warnings`, which is the whole
    process's and would give back another thread's filters."""
    for category in (MissingIDFieldWarning, DuplicateCellId):
        warnings.simplefilter("ignore", category)


def literal_path(path: str) -> str:
    """`path` such that papermill's `str.format` gives it back: braces in file names are no parameters."""
    return path.replace("{", "{{").replace("}", "}}")
