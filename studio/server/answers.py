"""Answers that are files: somebody else's content, which the browser must take for nothing of this origin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from studio.server.gate import HEADERS

#: A page of an origin of its own, without cookies, storage, network, dialogs or a way to other windows. Its scripts
#: run: plots are drawn by them. A page of this origin may show it in a frame.
SANDBOXED_PAGE: Final = (
    "sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "media-src data:; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
SANDBOXED: Final = "sandbox; " + HEADERS["Content-Security-Policy"]


@dataclass(frozen=True, slots=True)
class FileAnswer:
    """`is_page`: shown by the browser, else saved under `name` (ASCII, no quotes)."""

    content: bytes
    media: str
    name: str
    is_page: bool = False

    @property
    def headers(self) -> dict[str, str]:
        return {
            "Content-Type": self.media,
            "Content-Security-Policy": SANDBOXED_PAGE if self.is_page else SANDBOXED,
            "Content-Disposition": f'{"inline" if self.is_page else "attachment"}; filename="{self.name}"',
        }
