"""A value as a notebook shows it: its forms by MIME type. What IPython's display does, without IPython.

Only what a value offers itself is asked for (`_repr_mimebundle_`, `_repr_html_`, …), so no library is imported for it;
figures of matplotlib have no such method, and are drawn.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from studio.core.parameters import check_value
from studio.errors import InvalidParameter

MAX_TEXT: Final = 100_000  # characters of a `repr`

_METHODS: Final = {
    "text/html": "_repr_html_",
    "text/markdown": "_repr_markdown_",
    "text/latex": "_repr_latex_",
    "image/svg+xml": "_repr_svg_",
    "image/png": "_repr_png_",
    "image/jpeg": "_repr_jpeg_",
    "application/json": "_repr_json_",
}

Bundle = tuple[dict[str, Any], dict[str, Any]]  # data and metadata by MIME type, as in nbformat


def bundle_of(value: object) -> Bundle:
    """The forms of `value`; there is always `text/plain`. A form that fails is left out."""
    if isinstance(value, str):
        return {"text/plain": value}, {}
    data, metadata = _own_bundle(value)
    for mime, method in _METHODS.items():
        if mime not in data and (made := _asked(value, method)) is not None:
            form, facts = made if isinstance(made, tuple) and len(made) == 2 else (made, None)
            data[mime] = base64.b64encode(form).decode() if isinstance(form, bytes) else form
            if facts:
                metadata[mime] = facts
    if _is_figure(value) and "image/png" not in data:
        data["image/png"] = _drawn(value)
    if isinstance(value, (dict, list)) and "application/json" not in data:
        try:
            data["application/json"] = check_value(value, "value")
        except InvalidParameter:
            pass
    data.setdefault("text/plain", _text(value))
    return _as_json(data), metadata


def _own_bundle(value: object) -> Bundle:
    made = _asked(value, "_repr_mimebundle_")
    data, metadata = made if isinstance(made, tuple) and len(made) == 2 else (made, {})
    return (
        {
            mime: base64.b64encode(form).decode() if isinstance(form, bytes) else form
            for mime, form in data.items()
        }
        if isinstance(data, Mapping)
        else {}
    ), dict(metadata) if isinstance(metadata, Mapping) else {}


def _asked(value: object, method: str) -> Any:
    """What the method says; None if there is none: a class is not what its instances are."""
    ask: Callable[[], Any] | None = None if isinstance(value, type) else getattr(value, method, None)
    if not callable(ask):
        return None
    try:
        return ask()
    except Exception:  # a task does not fail because something cannot be drawn
        return None


def _is_figure(value: object) -> bool:
    return any(
        f"{base.__module__}.{base.__qualname__}" == "matplotlib.figure.Figure" for base in type(value).__mro__
    )


def _drawn(figure: Any) -> str:
    target = io.BytesIO()
    figure.savefig(target, format="png", bbox_inches="tight")
    return base64.b64encode(target.getvalue()).decode()


def _text(value: object) -> str:
    if isinstance(value, (dict, list)):
        try:
            return _cut(json.dumps(value, indent=2, ensure_ascii=False))
        except (TypeError, ValueError):
            pass
    try:
        return _cut(repr(value))
    except Exception as error:
        return f"<{type(value).__qualname__}, whose repr() failed: {type(error).__name__}>"


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"


def _as_json(data: Mapping[str, Any]) -> dict[str, Any]:
    """Without forms that a notebook's file cannot hold."""
    kept: dict[str, Any] = {}
    for mime, form in data.items():
        try:
            kept[str(mime)] = check_value(form, mime)
        except InvalidParameter:
            continue
    return kept
