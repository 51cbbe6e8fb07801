"""Values as the columns take them: JSON and text that every database can hold."""

from __future__ import annotations

from typing import Any

import msgspec

_json = msgspec.json.Encoder()
_MAX_TEXT = 250  # characters of text that only people read


def to_json(value: Any) -> str:
    """JSON text. NaN and infinities become null, as in every JSON that Pipeline Studio writes."""
    return _json.encode(value).decode()


def from_json(text: str) -> Any:
    return msgspec.json.decode(text)


def clean(text: str | None) -> str | None:
    """Text as every database takes it: PostgreSQL has no NUL, none has lone surrogates.

    Error texts come from user code. One that cannot be stored would make every commit fail again and again.
    """
    if not text or (text.isascii() and "\0" not in text):
        return text
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()


def brief(text: str | None) -> str | None:
    """`clean`, cut to what the column holds, and "" as NULL, which it is in Oracle anyway."""
    return (clean(text) or "")[:_MAX_TEXT] or None
