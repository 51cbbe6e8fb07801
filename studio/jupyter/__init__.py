"""The Jupyter server extension: starts the studio server, or finds it, and lets JupyterLab talk to it."""

from __future__ import annotations

from typing import Any

from studio.jupyter.extension import load_extension

__all__ = ["load_extension"]


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Called by Jupyter: which modules to load."""
    return [{"module": "studio.jupyter"}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Called by Jupyter once, with its `ServerApp`, before it listens."""
    load_extension(server)
