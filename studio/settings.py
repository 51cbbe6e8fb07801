"""Where things are: read once from the environment, then handed on as a value."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from studio.errors import InvalidInput

#: Set to "1" while user code is only read, for its DAGs or for a function: then nothing is published or triggered.
PARSING = "STUDIO_PARSING"


def is_parsing() -> bool:
    """Whether user code is only being read in this process."""
    return os.environ.get(PARSING) == "1"


@dataclass(frozen=True, slots=True)
class Settings:
    """Places and sizes of one studio. Two studios are two homes: nothing is shared between them."""

    home: Path
    database: str  # SQLAlchemy URL
    dag_folder: Path
    slots: int  # attempts running at once
    port: int = 0  # 0 = any free one
    notebook_root: Path = field(
        default_factory=Path.home
    )  # where the server looks at notebooks that are asked for
    values: str = ""  # fsspec URL of the store of values; empty: a folder of the home

    @classmethod
    def from_environment(cls) -> Settings:
        """`STUDIO_HOME`, `STUDIO_DATABASE`, `STUDIO_DAGS`, `STUDIO_SLOTS`, `STUDIO_PORT`, `STUDIO_NOTEBOOKS`,
        `STUDIO_VALUES`.

        Each has a default.
        """
        data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
        home = Path(os.environ.get("STUDIO_HOME") or f"{data}/pipeline-studio").expanduser().absolute()
        return cls(
            home=home,
            database=os.environ.get("STUDIO_DATABASE") or f"sqlite:///{home}/studio.db",
            dag_folder=Path(os.environ.get("STUDIO_DAGS") or home / "dags").expanduser().absolute(),
            slots=_whole_number("STUDIO_SLOTS", max(2, os.cpu_count() or 2), 1, 512),
            port=_whole_number("STUDIO_PORT", 0, 0, 65535),
            notebook_root=Path(os.environ.get("STUDIO_NOTEBOOKS") or Path.home()).expanduser().absolute(),
            values=os.environ.get("STUDIO_VALUES") or "",
        )

    @property
    def artifact_root(self) -> Path:
        """What attempts leave behind."""
        return self.home / "artifacts"

    @property
    def value_url(self) -> str:
        """Where values are kept that tasks pass on: a path, or a URL of fsspec."""
        return self.values or str(self.home / "values")

    @property
    def source_root(self) -> Path:
        """Published notebooks, by content hash."""
        return self.home / "sources"

    @property
    def worker_root(self) -> Path:
        """A directory per worker: journal, log, process id."""
        return self.home / "workers"

    @property
    def log_file(self) -> Path:
        """The server's own log."""
        return self.home / "server.log"

    @property
    def runtime_file(self) -> Path:
        """URL and token of the running server, mode 0600, in Jupyter's runtime directory."""
        from jupyter_core.paths import jupyter_runtime_dir  # noqa: PLC0415 - heavy third party, only here

        return Path(jupyter_runtime_dir()) / f"pipeline-studio-{self.key}.json"

    @property
    def socket_directory(self) -> Path:
        """A private directory with a path short enough for unix sockets (107 bytes)."""
        base = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
        return base / f"studio-{os.getuid()}-{self.key}"

    @property
    def key(self) -> str:
        """Short hash of the home: names what belongs to this studio outside of its home."""
        return hashlib.sha256(str(self.home).encode()).hexdigest()[:10]


def _whole_number(name: str, default: int, least: int, most: int) -> int:
    text = os.environ.get(name)
    if not text:
        return default
    if not text.isdecimal() or not least <= int(text) <= most:
        raise InvalidInput(
            f"{name} is {text!r}; it must be a whole number from {least} to {most}.", field=name
        )
    return int(text)
