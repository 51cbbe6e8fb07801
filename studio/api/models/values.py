"""Values that tasks returned and saved: what they are, and the beginning of each."""

from __future__ import annotations

from typing import Any

from studio.api.models.base import Model


class TablePreview(Model, frozen=True, kw_only=True, tag_field="kind", tag="table"):
    """The first rows; the columns of the index come first."""

    columns: list[str]
    types: list[str]
    rows: list[list[str | None]]  # null: missing
    total: list[int]  # rows and columns


class ArrayPreview(Model, frozen=True, kw_only=True, tag_field="kind", tag="array"):
    shape: list[int]
    dtype: str
    text: str


class ImagePreview(Model, frozen=True, kw_only=True, tag_field="kind", tag="image"):
    """A thumbnail, in base64, of a picture of this size in pixels."""

    mime: str
    data: str
    width: int
    height: int


class TextPreview(Model, frozen=True, kw_only=True, tag_field="kind", tag="text"):
    text: str
    truncated: bool


class BytesPreview(Model, frozen=True, kw_only=True, tag_field="kind", tag="bytes"):
    hex: str
    total: int  # bytes


ValuePreview = TablePreview | ArrayPreview | ImagePreview | TextPreview | BytesPreview


class ValueInfo(Model, frozen=True, kw_only=True):
    """A value of an attempt. One without a digest is JSON that stands in the database."""

    name: str  # as saved; "return_value", or "return_value.train" for a part of it
    is_returned: bool
    format: str  # parquet, npy, png, text, bytes, json, cloudpickle
    type: str
    size: int  # bytes
    digest: str | None
    schema: dict[str, Any] | None  # columns, index and rows, or shape and dtype
    preview: ValuePreview | None


class ValueList(Model, frozen=True, kw_only=True):
    """What an attempt left, the returned value first. `try_number` 0: nothing was started yet."""

    attempt_id: int | None
    try_number: int
    values: list[ValueInfo]
