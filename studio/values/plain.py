"""Text, bytes and JSON."""

from __future__ import annotations

import json
from typing import Any, Final

from studio.values.kinds_of import Unfit, type_name
from studio.values.previews import text_preview

_SHOWN: Final = 256  # bytes


class Text:
    """UTF-8."""

    def fits(self, value: object) -> bool:
        return type(value) is str

    def write(self, value: str, path: str) -> None:
        with open(path, "w", encoding="utf-8", errors="surrogatepass", newline="") as file:
            file.write(value)

    def read(self, path: str, type: str) -> str:
        with open(path, encoding="utf-8", errors="surrogatepass", newline="") as file:
            return file.read()

    def describe(self, value: str) -> dict[str, Any]:
        plain = value.encode(errors="replace").decode()
        return {"type": "str", "schema": {"characters": len(value)}, "preview": text_preview(plain)}


class Bytes:
    """As they are."""

    def fits(self, value: object) -> bool:
        return type(value) in (bytes, bytearray)

    def write(self, value: bytes, path: str) -> None:
        with open(path, "wb") as file:
            file.write(value)

    def read(self, path: str, type: str) -> bytes | bytearray:
        with open(path, "rb") as file:
            content = file.read()
        return bytearray(content) if type == "bytearray" else content

    def describe(self, value: bytes) -> dict[str, Any]:
        shown = bytes(value[:_SHOWN]).hex(" ")
        return {
            "type": type_name(value),
            "schema": {"bytes": len(value)},
            "preview": {"kind": "bytes", "hex": shown, "total": len(value)},
        }


class Json:
    """What is plain JSON and too large for the database."""

    def fits(self, value: object) -> bool:
        return value is None or type(value) in (dict, list, int, float, bool)

    def write(self, value: Any, path: str) -> None:
        try:
            with open(path, "w", encoding="utf-8") as file:
                json.dump(value, file, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise Unfit(str(error)) from error
        if _read(path) != value:  # a key that is no text, a tuple
            raise Unfit("JSON gives back something else")

    def read(self, path: str, type: str) -> Any:
        return _read(path)

    def describe(self, value: Any) -> dict[str, Any]:
        count = {"items": len(value)} if isinstance(value, (dict, list)) else None
        # Not all of it is made into text for the sake of its beginning.
        parts, length = [], 0
        for part in json.JSONEncoder(ensure_ascii=False, indent=1).iterencode(value):
            parts.append(part)
            length += len(part)
            if length > 10_000:
                break
        return {"type": type_name(value), "schema": count, "preview": text_preview("".join(parts))}


def _read(path: str) -> Any:
    with open(path, encoding="utf-8") as file:
        return json.load(file)
