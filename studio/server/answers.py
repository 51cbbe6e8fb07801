"""Answers that are files: somebody else's content, which the browser must take for nothing of this origin."""

from __future__ import annotations

from collections.abc import AsyncIterator
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
class StreamedFile:
    """A file that is sent as it is read: `chunks` is asked for the next when the client has taken the one before."""

    chunks: AsyncIterator[bytes]
    media: str
    name: str  # ASCII, no quotes

    @property
    def headers(self) -> dict[str, str]:
        return FileAnswer(b"", self.media, self.name).headers


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
