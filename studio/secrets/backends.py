"""Where connections and variables are looked for before the database: entry points, the environment, files.

A backend of one's own is a class with these two methods, named in the entry-point group `studio.secrets`:

    class Keychain(SecretBackend):
        def connection(self, name: str) -> str | Mapping[str, Any] | None: ...
        def variable(self, name: str) -> Any: ...

What it raises, and how long it takes, is no danger to the scheduler: it counts as if it had found nothing, with a line
in the server's log.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final

from studio.core.names import shown
from studio.errors import InvalidInput

GROUP: Final = "studio.secrets"


class SecretBackend:
    """Finds secrets by name. Called in a thread, once for each name that attempts of a turn declare."""

    def connection(self, name: str) -> str | Mapping[str, Any] | None:
        """A URL, the fields of a `Connection`, or None if it is not there."""
        return None

    def variable(self, name: str) -> Any:
        """A JSON value, or None if it is not there. It is taken for a secret."""
        return None


class EnvironmentBackend(SecretBackend):
    """`STUDIO_CONN_<NAME>` and `STUDIO_VAR_<NAME>` of the server; what is no letter or digit in the name is `_`."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def connection(self, name: str) -> str | Mapping[str, Any] | None:
        text = self._environment.get(f"STUDIO_CONN_{_upper(name)}")
        return None if text is None else _url_or_fields(text)

    def variable(self, name: str) -> Any:
        text = self._environment.get(f"STUDIO_VAR_{_upper(name)}")
        return None if text is None else _json_or_text(text)


class DirectoryBackend(SecretBackend):
    """Files `connections/<name>` and `variables/<name>` of a directory, as container platforms mount them."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def connection(self, name: str) -> str | Mapping[str, Any] | None:
        text = self._text("connections", name)
        return None if text is None else _url_or_fields(text)

    def variable(self, name: str) -> Any:
        text = self._text("variables", name)
        return None if text is None else _json_or_text(text)

    def _text(self, folder: str, name: str) -> str | None:
        try:
            return (self._directory / folder / name).read_text(encoding="utf-8").rstrip("\r\n")
        except (FileNotFoundError, NotADirectoryError):
            return None


def backends_of(environment: Mapping[str, str] = os.environ) -> dict[str, SecretBackend]:
    """All that there are, by what they are called in messages, in the order in which they are asked.

    Raises what an entry point raises when it is imported or made.
    """
    found: dict[str, SecretBackend] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda each: each.name):
        found[f"the backend {point.name}"] = point.load()()
    found["the environment"] = EnvironmentBackend(environment)
    directory = environment.get("STUDIO_SECRETS")
    if directory:
        found[f"the directory {directory}"] = DirectoryBackend(Path(directory).expanduser())
    return found


def _upper(name: str) -> str:
    return "".join(each if each.isascii() and each.isalnum() else "_" for each in name).upper()


def _url_or_fields(text: str) -> str | Mapping[str, Any]:
    if not text.lstrip().startswith("{"):
        return text.strip()
    try:
        fields: dict[str, Any] = json.loads(text)
    except ValueError:
        raise InvalidInput(f"A connection that begins with {shown('{')} is not JSON.") from None
    return fields


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
