"""The outputs of cells as one piece of HTML, for places where our front end is not: no script, no style element."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from studio.api.models import CellOutput
from studio.worker.task import without_ansi

_MOST: Final = 1 << 20  # characters of all outputs together, so that notebooks stay small
_MOST_TEXT: Final = 5_000  # characters of one text
_PICTURES: Final = ("image/png", "image/jpeg", "image/gif", "image/webp")
#: Elements whose content is no text for people; what else may not stand in a page, its sanitiser takes out.
_ACTIVE: Final = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)


def outputs_html(cells: Sequence[CellOutput]) -> str:
    """All outputs, in their order; the last ones are left out if together they are too large."""
    parts: list[str] = []
    size = 0
    for cell in cells:
        for output in cell.outputs:
            part = _output_html(output)
            size += len(part)
            if size > _MOST:
                return "".join([*parts, "<p>… and more, in the task's notebook.</p>"])
            parts.append(part)
    return "".join(parts)


def outputs_text(cells: Sequence[CellOutput]) -> str:
    """The same as text."""
    found = [_plain(output) for cell in cells for output in cell.outputs]
    return "\n".join(_cut(text.rstrip("\n")) for text in found if text)


def _output_html(output: Mapping[str, Any]) -> str:
    data = output.get("data", {})
    for kind in _PICTURES:
        if kind in data:
            return _image(kind, "".join(_joined(data[kind]).split()), _joined(data.get("text/plain", "")))
    if "image/svg+xml" in data:
        picture = base64.b64encode(_joined(data["image/svg+xml"]).encode()).decode()
        return _image("image/svg+xml", picture, _joined(data.get("text/plain", "")))
    if "text/html" in data:
        return f"<div>{_ACTIVE.sub('', _joined(data['text/html']))}</div>"
    text = _plain(output)
    return f"<pre>{escape(_cut(text))}</pre>" if text else ""


def _image(kind: str, content: str, told: str) -> str:
    alternative = escape(_cut(told) or "A picture that the task displayed")
    return f'<p><img src="data:{kind};base64,{content}" alt="{alternative}" style="max-width:100%"></p>'


def _plain(output: Mapping[str, Any]) -> str:
    match output["output_type"]:
        case "stream":
            return without_ansi(_joined(output["text"]))
        case "error":
            return without_ansi("\n".join(output["traceback"]))
        case _:
            return _joined(output.get("data", {}).get("text/plain", ""))


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}\n…"


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)
