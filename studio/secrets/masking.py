"""Secrets are not seen in what an attempt leaves behind: `***` stands in their place, in every usual spelling.

What code makes of a secret beyond that (reversed, encrypted, a part of it) is not found. Text is masked before it is
cut, never after: a cut secret would not be found any more (CVE-2025-68438).
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import quote, quote_plus

MASK: Final = "***"
SHORTEST: Final = 6  # characters: shorter ones would be found in innocent text


class Masker:
    """Masks `secrets`, the longest first. False if there is nothing to mask."""

    def __init__(self, secrets: Iterable[str]) -> None:
        spellings = {spelling for secret in secrets for spelling in _spellings(secret)}
        ordered = sorted(spellings, key=lambda each: (-len(each), each))
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def __bool__(self) -> bool:
        return self._pattern is not None

    def text(self, text: str) -> str:
        """`text` without secrets."""
        return text if self._pattern is None else self._pattern.sub(MASK, text)

    def value(self, value: Any) -> Any:
        """JSON without secrets, in keys too; the same object where there is none in it."""
        if self._pattern is None:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            masked = {self.value(key): self.value(item) for key, item in value.items()}
            return value if masked == value else masked
        if isinstance(value, (list, tuple)):
            items = [self.value(item) for item in value]
            return value if items == list(value) else type(value)(items)
        return value


NOTHING: Final = Masker(())


def _spellings(secret: str) -> Iterator[str]:
    """The ways in which a secret is written, each of at least `SHORTEST` characters."""
    lines = secret.splitlines()
    for part in dict.fromkeys([secret, secret.strip(), *(line.strip() for line in lines)]):
        if len(part) < SHORTEST:
            continue
        for spelling in (part, *_escaped(part), *_encoded(part)):
            if len(spelling) >= SHORTEST:
                yield spelling


def _escaped(text: str) -> Iterator[str]:
    for once in (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1], repr(text)[1:-1]):
        yield once
        yield json.dumps(once)[1:-1]  # JSON in JSON, as in a notebook's output
    yield ascii(text)[1:-1]
    yield repr(text.encode("utf-8", "replace"))[2:-1]
    yield html.escape(text)
    yield html.escape(text, quote=False)
    yield "'" + text.replace("'", "'\"'\"'") + "'"  # as a shell quotes it


def _encoded(text: str) -> Iterator[str]:
    data = text.encode("utf-8", "replace")
    for quoted in (quote(data, safe=""), quote(data), quote_plus(data)):
        yield quoted
        yield re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), quoted)
    yield data.hex()
    yield data.hex().upper()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for offset in range(3):
            # What stands before and after the secret changes the characters at its ends, so those are left out.
            encoded = encode(b"\0" * offset + data).decode()
            begin = -(-offset * 8 // 6)
            yield encoded[begin : (offset + len(data)) * 8 // 6]
