"""What the studio itself notes in the metadata of a cell that it executed."""

from __future__ import annotations

from typing import Any

from nbformat import NotebookNode


def own_metadata(cell: NotebookNode) -> dict[str, Any]:
    """The cell's `metadata.studio`, made if there is none, or none that holds anything."""
    own = cell.metadata.get("studio")
    if isinstance(own, dict):
        return own
    made: dict[str, Any] = NotebookNode()  # type: ignore[no-untyped-call]
    cell.metadata["studio"] = made
    return made
