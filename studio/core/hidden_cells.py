"""Cells of a notebook that nobody has written: what a task made of a marked cell needs before and after it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

HIDDEN_TAG: Final = "studio-hidden"


def is_hidden(cell: Mapping[str, Any]) -> bool:
    """Whether views leave the cell, an nbformat 4 one, out unless it fails."""
    metadata = cell.get("metadata")
    tags = metadata.get("tags") if isinstance(metadata, Mapping) else None
    return isinstance(tags, list) and HIDDEN_TAG in tags
