"""A graph as a still SVG picture: for GitHub, nbconvert and every place where our front end is not."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape  # xml.sax.saxutils has it too, and takes 30 ms to import
from typing import Final

from studio.widgets.layout import Box, Point, lay_out
from studio.widgets.looks import look_of

_PADDING: Final = 12.0
_HEIGHT: Final = 44.0
_MAX_TEXT: Final = 34  # characters of a line in a box
#: What XML cannot hold at all, escaped or not.
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_FONT: Final = "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A task as it is drawn; `state` None: it belongs to no run."""

    id: str
    label: str
    upstream: Sequence[str]
    state: str | None = None


def svg_of(tasks: Sequence[Drawn], title: str) -> str:
    """The picture, as SVG text of its natural size in pixels."""
    sizes = {task.id: (_box_width(task), _HEIGHT) for task in tasks}
    layout = lay_out(sizes, {task.id: task.upstream for task in tasks})
    width, height = layout.width + 2 * _PADDING, layout.height + 2 * _PADDING
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{escape(_legal(title))}" '
        f'font-family="{_FONT}">',
        f'<g transform="translate({_PADDING:.0f} {_PADDING:.0f})">',
        # Mid grey is seen on a white and on a dark page.
        '<g fill="none" stroke="#8a94a0" stroke-width="1.5">',
        *(f'<path d="{_path(points)}"/>' for _, _, points in layout.edges),
        "</g>",
        '<g fill="#8a94a0">',
        *(_arrow(points) for _, _, points in layout.edges),
        "</g>",
        *(_box(task, layout.boxes) for task in tasks),
        "</g></svg>",
    ]
    return "".join(parts)


def _box(task: Drawn, boxes: Mapping[str, Box]) -> str:
    box, look = boxes[task.id], look_of(task.state)
    text = box.x + (30 if look.glyph else 12)
    dashed = ' stroke-dasharray="4 3"' if task.state in ("none", "scheduled") else ""
    return (
        f'<g><rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="6" '
        f'fill="{look.fill}" stroke="{look.line}" stroke-width="1.3"{dashed}/>'
        + (
            f'<text x="{box.x + 16:.1f}" y="{box.y + 27:.1f}" text-anchor="middle" font-size="15" '
            f'font-weight="700" fill="{look.line}">{escape(look.glyph)}</text>'
            if look.glyph
            else ""
        )
        + f'<text x="{text:.1f}" y="{box.y + 18.5:.1f}" font-size="13" font-weight="600" fill="#1f2328">'
        f"{escape(_cut(task.id))}</text>"
        f'<text x="{text:.1f}" y="{box.y + 34:.1f}" font-size="11" fill="#4b535c">'
        f"{escape(_cut(_second(task)))}</text></g>"
    )


def _second(task: Drawn) -> str:
    """The line below the id: the state where there is one, for it must be readable without colour."""
    return task.label if task.state is None else f"{look_of(task.state).label} · {task.label}"


def _box_width(task: Drawn) -> float:
    text = max(_text_width(_cut(task.id)) * 7.6, _text_width(_cut(_second(task))) * 6.1)
    return max(90.0, text + (42 if look_of(task.state).glyph else 24))


def _text_width(text: str) -> float:
    """Width in average characters; East Asian wide ones count for two."""
    return sum(1.9 if unicodedata.east_asian_width(c) in "WF" else 1.0 for c in text)


def _cut(text: str) -> str:
    text = _legal(text)
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…"


def _legal(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)


def _path(points: Sequence[Point]) -> str:
    """Level where it leaves and arrives, curved between, so that parallel edges can be told apart."""
    x, y = points[0]
    path = f"M{x:.1f},{y:.1f}"
    for index, (to_x, to_y) in enumerate(points[1:]):
        if index % 2:  # through a layer
            path += f" L{to_x:.1f},{to_y:.1f}"
        else:
            bend = max(abs(to_x - x) / 2, 12.0)
            path += f" C{x + bend:.1f},{y:.1f} {to_x - bend:.1f},{to_y:.1f} {to_x:.1f},{to_y:.1f}"
        x, y = to_x, to_y
    return path


def _arrow(points: Sequence[Point]) -> str:
    x, y = points[-1]
    return f'<path d="M{x:.1f},{y:.1f} l-7,-3.6 v7.2 z"/>'
