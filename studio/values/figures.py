"""Figures and pictures as png. What is loaded is a picture (PIL): a figure cannot be drawn on again."""

from __future__ import annotations

import base64
import io
from typing import Any, Final

from studio.values.kinds_of import is_of, type_name

_THUMBNAIL: Final = (320, 240)  # pixels
_DPI: Final = 110


def fits(value: object) -> bool:
    return is_of(value, "matplotlib.Figure", "matplotlib.Axes", "PIL.Image")


def write(value: Any, path: str) -> None:
    if is_of(value, "PIL.Image"):
        value.save(path, format="PNG")
    else:
        figure = value.figure if is_of(value, "matplotlib.Axes") else value
        figure.savefig(path, format="png", dpi=_DPI, bbox_inches="tight", metadata={"Software": None})


def read(path: str, type: str) -> Any:
    from PIL import Image  # noqa: PLC0415 - heavy, for pictures only

    with Image.open(path) as image:
        image.load()
        return image


def describe(value: Any) -> dict[str, Any]:
    """Its size in pixels and a thumbnail."""
    from PIL import Image  # noqa: PLC0415

    buffer = io.BytesIO()
    if is_of(value, "PIL.Image"):
        image = value.copy()
    else:
        write(value, buffer)  # type: ignore[arg-type]  # matplotlib takes files, too
        image = Image.open(buffer)
    width, height = image.size
    image.thumbnail(_THUMBNAIL)
    small = io.BytesIO()
    (image if image.mode in ("RGB", "RGBA", "L", "P", "1", "LA") else image.convert("RGB")).save(
        small, format="PNG"
    )
    data = base64.b64encode(small.getvalue()).decode()
    preview = {"kind": "image", "mime": "image/png", "data": data, "width": width, "height": height}
    return {"type": type_name(value), "schema": {"shape": [height, width]}, "preview": preview}
