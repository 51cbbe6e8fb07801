"""What a cell may leave in its notebook: outputs are cut as they arrive, so that memory and files stay small."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
from nbformat import NotebookNode
from nbformat.v4 import new_output


class OutputLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of one cell, in characters."""

    text: int = 1_000_000  # of its streams
    media: int = 10_000_000  # of its displayed data: images (base64), HTML, …
    error: int = 100_000  # of one traceback


class CellOutputs:
    """Keeps the outputs of one cell within `limits`; stream text beyond goes to `overflow`."""

    def __init__(self, limits: OutputLimits, overflow: Callable[[str], object] | None = None) -> None:
        self._limits = limits
        self._overflow = overflow
        self._text = 0
        self._media = 0
        self._is_cut = False

    @property
    def size(self) -> int:
        """Characters kept."""
        return self._text + self._media

    def cleared(self) -> None:
        """The cell's outputs were cleared: the room is free again."""
        self._text = self._media = 0
        self._is_cut = False

    def add_stream(self, outputs: list[NotebookNode], name: str, text: str) -> None:
        """Append `text` to the stream `name`, joined to the output before it if that is the same stream."""
        if self._is_cut:
            self._spill(text)
            return
        if outputs and outputs[-1].get("output_type") == "stream" and outputs[-1].get("name") == name:
            self._extend(outputs[-1], text)
        else:
            outputs.append(new_cell_output("stream", name=name, text=""))
            self._extend(outputs[-1], text)
        if self._text > self._limits.text:
            last = outputs[-1]
            kept = len(last["text"]) - (self._text - self._limits.text)
            rest, last["text"] = last["text"][kept:], last["text"][:kept]
            self._text = self._limits.text
            self._is_cut = True
            where = "the rest is in log.txt" if self._overflow else "the rest is dropped"
            notice = f"\n[more than {self._limits.text:,} characters of output: {where}]\n"
            outputs.append(new_cell_output("stream", name="stderr", text=notice))
            self._spill(rest)

    def trim_data(self, content: dict[str, Any]) -> None:
        """Replace the data of a display message in place if the cell's room for it is used up."""
        size = sum(_size(value) for value in content["data"].values())
        if self._media + size <= self._limits.media:
            self._media += size
            return
        notice = f"[an output of {size:,} characters is left out: a cell keeps {self._limits.media:,}]"
        content["data"] = {"text/plain": notice}
        content["metadata"] = {}

    def trim_error(self, content: dict[str, Any]) -> None:
        """Shorten an error message in place: the message, and the middle of the traceback."""
        limit = self._limits.error
        content["evalue"] = _shorten(str(content.get("evalue", "")), limit // 10)
        lines = [_shorten(line, limit // 4) for line in content.get("traceback") or []]
        while len(lines) > 2 and sum(map(len, lines)) > limit:
            del lines[len(lines) // 2]
        content["traceback"] = lines

    def _extend(self, output: NotebookNode, text: str) -> None:
        old = output["text"]
        if "\r" in text or old.endswith("\r"):
            start = old.rfind("\n") + 1
            new = old[:start] + _overwritten(old[start:] + text)
        else:
            new = old + text
        output["text"] = new
        self._text += len(new) - len(old)

    def _spill(self, text: str) -> None:
        if self._overflow is not None:
            self._overflow(text)


def _overwritten(text: str) -> str:
    """`text` as a terminal shows it: a carriage return starts its line anew (progress bars live from it)."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        body = line.rstrip("\r")
        lines[number] = line[body.rfind("\r") + 1 :]
    return "\n".join(lines)


def new_cell_output(kind: str, **fields: Any) -> NotebookNode:
    """An output as nbformat has it."""
    return new_output(kind, **fields)  # type: ignore[no-untyped-call,no-any-return]


def plain(value: Any) -> Any:
    """A deep copy of a piece of a notebook, of plain dicts and lists."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def _size(value: Any) -> int:
    return len(value) if isinstance(value, str) else len(json.dumps(value, default=str))


def _shorten(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit // 2]} … {text[-limit // 2 :]}"
