"""How a state looks where nothing but text or a picture can stand: a glyph for everybody, a colour for most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Look:
    """`fill` carries dark text with a contrast of at least 4.5:1 (WCAG AA), `line` the glyph on that fill."""

    label: str
    glyph: str
    fill: str
    line: str


_GREY: Final = ("#f3f4f6", "#59636e")
_BLUE: Final = ("#ddf0ff", "#0a5cad")
_GREEN: Final = ("#dcf5e3", "#14692f")
_RED: Final = ("#ffe4e1", "#b3261e")
_AMBER: Final = ("#fff1cc", "#7a5200")
_PINK: Final = ("#fbe6f3", "#8a2a6b")

#: By state of a run or a task. The same glyphs as in JupyterLab.
LOOKS: Final[dict[str, Look]] = {
    "none": Look("waiting", "○", *_GREY),
    "scheduled": Look("scheduled", "◷", *_GREY),
    "queued": Look("queued", "…", *_GREY),
    "running": Look("running", "▶", *_BLUE),
    "stopping": Look("stopping", "■", *_AMBER),
    "restarting": Look("restarting", "↻", *_AMBER),
    "up_for_retry": Look("up for retry", "↻", *_AMBER),
    "up_for_reschedule": Look("up for reschedule", "◷", *_GREY),
    "deferred": Look("deferred", "◷", *_GREY),
    "awaiting_input": Look("awaiting input", "?", *_BLUE),
    "success": Look("success", "✓", *_GREEN),
    "failed": Look("failed", "✗", *_RED),
    "skipped": Look("skipped", "»", *_PINK),
    "upstream_failed": Look("upstream failed", "↑", *_RED),
    "cancelled": Look("cancelled", "–", *_AMBER),
    "removed": Look("removed", "–", *_GREY),
}

#: A task that belongs to no run.
DEFINED: Final = Look("defined", "", "#ffffff", "#59636e")


def look_of(state: str | None) -> Look:
    """The look of a state; a state of a newer server looks like waiting, under its own name."""
    if state is None:
        return DEFINED
    return LOOKS.get(state) or Look(state, "○", *_GREY)
