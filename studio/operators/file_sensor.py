"""`file_sensor`: waits for files, here or on any storage that fsspec knows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Annotated, Any, Final

from msgspec import Meta

from studio.core.names import shown
from studio.errors import InvalidInput
from studio.operators.base import AttemptContext, ConnectionName, Sensor

_PATTERN: Final = "*?["


class FileSensor(Sensor):
    """Waits until a file is there, large enough, and not written to any more.

    The path is one of this machine, relative to the directory of the DAG's file, or a URL that fsspec knows:
    `s3://…`, `gs://…`, `sftp://…`. With `*`, `?` or `[…]` it is a pattern, and each file that fits must be as asked.
    It returns the path, of a pattern the list of paths.
    """

    path: Annotated[str, Meta(description="the file, or a pattern")]
    min_size: Annotated[int, Meta(description="bytes that each file must have", ge=0)] = 0
    min_files: Annotated[int, Meta(description="how many files must fit a pattern", ge=1)] = 1
    unchanged_for: Annotated[
        float, Meta(description="seconds since a file was last written to, by the storage's clock", ge=0)
    ] = 0.0
    connection: Annotated[
        ConnectionName | None,
        Meta(
            description="a connection whose extra has the storage's options, and whose login and password are key and "
            "secret"
        ),
    ] = None

    def check(self) -> None:
        if not self.path.strip():
            raise InvalidInput("The path is empty.", field="path")

    def look(self, attempt: AttemptContext) -> object:
        with attempt.cell(self.path, "text") as cell:
            files = self._files(attempt)
            waiting = [why for file in files if (why := self._why_not(file))]
            for why in waiting:
                cell.write(f"not yet: {why}\n")
            if waiting or len(files) < self.min_files:
                if not waiting:
                    cell.write(f"not yet: {len(files)} of {self.min_files} files\n")
                return None
            for file in files:
                cell.write(f"{file.path}, {file.size:,} bytes\n")
        return [file.path for file in files] if self._is_pattern else files[0].path

    @property
    def _is_pattern(self) -> bool:
        return any(char in self.path for char in _PATTERN)

    def _files(self, attempt: AttemptContext) -> list[_File]:
        import fsspec  # noqa: PLC0415 - heavy

        is_url = "://" in self.path or "::" in self.path
        url = self.path if is_url else str(attempt.dag_directory / self.path)
        options = _options(attempt.connection(self.connection)) if self.connection else {}
        try:
            system, path = fsspec.core.url_to_fs(url, use_listings_cache=False, **options)
        except (ValueError, ImportError) as error:
            raise InvalidInput(
                f"The path {shown(self.path)} cannot be looked at: {error}.", field="path"
            ) from error
        system.invalidate_cache()
        names = sorted(system.glob(path)) if self._is_pattern else [path]
        found = [_file(system, name, is_url) for name in names]
        return [file for file in found if file is not None]

    def _why_not(self, file: _File) -> str | None:
        if file.size < self.min_size:
            return f"{file.path} has {file.size:,} of {self.min_size:,} bytes"
        if self.unchanged_for and file.age < self.unchanged_for:
            return f"{file.path} was written to {file.age:.0f} s ago"
        return None


@dataclass(frozen=True, slots=True)
class _File:
    path: str
    size: int
    age: float  # seconds since it was written to


def _file(system: Any, name: str, is_url: bool) -> _File | None:
    """None if it is not there, or a directory."""
    try:
        about = system.info(name)
        if about.get("type") == "directory":
            return None
        modified = system.modified(name)
    except FileNotFoundError:
        return None
    except NotImplementedError:
        modified = None
    if modified is not None and modified.tzinfo is None:
        modified = modified.replace(tzinfo=timezone.utc)
    age = (datetime.now(timezone.utc) - modified).total_seconds() if modified is not None else float("inf")
    return _File(system.unstrip_protocol(name) if is_url else name, int(about.get("size") or 0), age)


def _options(connection: Any) -> dict[str, Any]:
    options: dict[str, Any] = dict(connection.extra or {})
    if connection.login:
        options.setdefault("key", connection.login)
    if connection.password:
        options.setdefault("secret", connection.password)
    return options
