"""Tables for stills: HTML that passes sanitisers, and text in columns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape

Row = Sequence[str]


def table_html(head: Row, rows: Sequence[Row]) -> str:
    """Everything is escaped, and aligned to the left."""
    columns = "".join(f"<th style='text-align:left'>{escape(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td style='text-align:left'>{escape(cell)}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table>"


def table_text(head: Row, rows: Sequence[Row]) -> str:
    """Columns as wide as they have to be, two spaces between them."""
    lines = [head, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def took(start: datetime | None, end: datetime | None) -> str:
    """ "1.5 s", "3 min 20 s"; empty if it has not ended."""
    return "" if start is None or end is None else seconds_text((end - start).total_seconds())


def seconds_text(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
