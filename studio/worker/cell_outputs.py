"""What a cell may leave in its notebook: outputs are cut as they arrive, so that memory and files stay small."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import msgspec
from nbformat import NotebookNode
from nbformat.v4 import new_output

_EACH: Final = 200  # characters that an output takes however small its data is
_NOTICES: Final = 10  # of displays of one cell that are left out; there may be a million


class OutputLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of one cell, and of the whole notebook, in characters."""

    text: int = 1_000_000  # of its streams
    media: int = 10_000_000  # of its displayed data: images (base64), HTML, …
    error: int = 100_000  # of one traceback
    notebook: int = 50_000_000  # of all outputs of all cells


class OutputRoom:
    """What the cells of one notebook may keep together."""

    def __init__(self, limit: int) -> None:
        self.limit: Final = limit
        self.used = 0
        self.is_truncated = False  # something was left out, of one cell at least

    @property
    def left(self) -> int:
        return self.limit - self.used


Overflow = Callable[[str, str], object]  # given the stream's name, and text that the notebook does not keep


class CellOutputs:
    """Keeps the outputs of one cell within `limits` and `room`; stream text beyond goes to `overflow`."""

    def __init__(
        self, limits: OutputLimits, overflow: Overflow | None = None, room: OutputRoom | None = None
    ) -> None:
        self._limits = limits
        self._overflow = overflow
        self._room = room or OutputRoom(limits.notebook)
        self._text = 0
        self._media = 0
        self._is_cut = False
        self._left_out = 0  # displays and errors

    @property
    def size(self) -> int:
        """Characters kept."""
        return self._text + self._media

    def cleared(self) -> None:
        """The cell's outputs were cleared: the room is free again."""
        self._room.used -= self.size
        self._text = self._media = self._left_out = 0
        self._is_cut = False

    def add_stream(self, outputs: list[NotebookNode], name: str, text: str) -> None:
        """Append `text` to the stream `name`, joined to the output before it if that is the same stream."""
        if self._is_cut:
            self._spill(name, text)
            return
        if outputs and outputs[-1].get("output_type") == "stream" and outputs[-1].get("name") == name:
            self._extend(outputs[-1], text)
        else:
            outputs.append(new_cell_output("stream", name=name, text=""))
            self._extend(outputs[-1], text)
        beyond_cell, beyond_notebook = self._text - self._limits.text, -self._room.left
        if beyond_cell > 0 or beyond_notebook > 0:
            last = outputs[-1]
            kept = max(0, len(last["text"]) - max(beyond_cell, beyond_notebook))
            rest, last["text"] = last["text"][kept:], last["text"][:kept]
            self._take(text=-len(rest))
            self._is_cut = self._room.is_truncated = True
            outputs.append(new_cell_output("stream", name="stderr", text=self._notice(beyond_notebook > 0)))
            self._spill(name, rest)

    def admit_data(self, content: dict[str, Any]) -> bool:
        """Whether a display message is kept; if there is no room for its data, it holds a notice instead."""
        size = sum(_size(value) for value in content["data"].values())
        if self._media + size <= self._limits.media and size <= self._room.left:
            self._take(media=size + (_EACH if self._media else 0))
            return True
        self._left_out += 1
        self._room.is_truncated = True
        notice = f"[an output of {size:,} characters is left out: a cell keeps {self._limits.media:,}, "
        notice += f"its notebook {self._room.limit:,}]"
        content["data"] = {"text/plain": notice}
        content["metadata"] = {}
        return self._left_out <= _NOTICES

    def trim_update(self, content: dict[str, Any]) -> None:
        """An update takes the place of what was shown before, so only one that is too large itself is left out."""
        size = sum(_size(value) for value in content["data"].values())
        if size > min(self._limits.media, self._room.limit):
            self._room.is_truncated = True
            content["data"] = {"text/plain": f"[an update of {size:,} characters is left out]"}
            content["metadata"] = {}

    def admit_error(self, content: dict[str, Any]) -> bool:
        """Whether one more error is kept (a cell can show many); it is shortened."""
        self.trim_error(content)
        size = len(content["evalue"]) + sum(map(len, content["traceback"]))
        if self._media and size > self._room.left:
            self._left_out += 1
            self._room.is_truncated = True
            return False
        self._take(media=size)
        return True

    def trim_error(self, content: dict[str, Any]) -> None:
        """Shorten an error message in place: the message, and the middle of the traceback."""
        limit = self._limits.error
        content["ename"] = _shorten(str(content.get("ename", "")), 200)
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
        self._take(text=len(new) - len(old))

    def _take(self, text: int = 0, media: int = 0) -> None:
        self._text += text
        self._media += media
        self._room.used += text + media

    def _notice(self, is_notebooks: bool) -> str:
        if is_notebooks:
            what = f"more than {self._room.limit:,} characters of output of this notebook"
        else:
            what = f"more than {self._limits.text:,} characters of output"
        return f"\n[{what}: the rest is {'in the log' if self._overflow else 'dropped'}]\n"

    def _spill(self, name: str, text: str) -> None:
        if self._overflow is not None:
            self._overflow(name, text)


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
