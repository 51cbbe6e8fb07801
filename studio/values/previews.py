"""Previews: small, and of text and pictures only, so that whoever shows one runs nothing of the value."""

from __future__ import annotations

from typing import Any, Final

MAX_TEXT: Final = 4000  # characters
MAX_CELL: Final = 80  # characters of a table's cell
MAX_ROWS: Final = 20
MAX_COLUMNS: Final = 30


def text_preview(text: str) -> dict[str, Any]:
    """The beginning of `text`."""
    return {"kind": "text", "text": text[:MAX_TEXT], "truncated": len(text) > MAX_TEXT}


def cell_text(value: object) -> str | None:
    """Of a cell of a table; None for what is missing."""
    if value is None:
        return None
    if isinstance(value, float):
        return None if value != value else f"{value:.6g}"
    text = str(value)
    if text in ("NaT", "<NA>"):
        return None
    return text if len(text) <= MAX_CELL else f"{text[: MAX_CELL - 1]}…"


def shortened(text: str, limit: int = 200) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
