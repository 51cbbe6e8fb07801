"""Headings of a notebook, and names of tasks made of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from studio.core.names import check_name
from studio.errors import InvalidName

_HEADING: Final = re.compile(r"^\s{0,3}(?P<level>#{1,6})\s+(?P<text>.*?)\s*#*\s*$", re.MULTILINE)
_HTML_HEADING: Final = re.compile(
    r"<h(?P<level>[1-6])[^>]*>(?P<text>.*?)</h[1-6]>", re.DOTALL | re.IGNORECASE
)
_FENCED: Final = re.compile(r"^\s*```.*?^\s*```", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_NUMBER: Final = re.compile(
    r"^\s*((step|part|section|chapter)\s+)?([0-9]+(\.[0-9]+)*|[IVX]+(?=[.)]))[.):]*\s+", re.I
)
_LENGTH: Final = 40  # characters of a name


@dataclass(frozen=True, slots=True)
class Heading:
    """Of a Markdown cell."""

    cell: int
    level: int  # 1 is the largest
    text: str


def headings_of(cells: Sequence[Mapping[str, Any]]) -> list[Heading]:
    """All that have a text, in order."""
    found = []
    for index, cell in enumerate(cells):
        if cell.get("cell_type") != "markdown":
            continue
        text = _FENCED.sub("", text_of(cell))
        matches = sorted(
            [*_HEADING.finditer(text), *_HTML_HEADING.finditer(text)], key=lambda match: match.start()
        )
        for match in matches:
            words = re.sub(r"<[^>]+>", " ", match["text"]).strip()
            if words:
                level = match["level"]
                found.append(Heading(index, int(level) if level.isdigit() else len(level), words))
    return found


def text_of(cell: Mapping[str, Any]) -> str:
    """The source of a cell."""
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def slug(text: str) -> str:
    """`text` as the name of a task or a DAG; "" if nothing of it can stand there."""
    text = _NUMBER.sub("", _LINK.sub(r"\1", text))
    letters = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("&", " and "))
    plain = "".join(each for each in letters if not unicodedata.combining(each))
    plain = re.sub(r"[^a-z0-9]+", "_", re.sub(r"['’`]", "", plain.lower()), flags=re.ASCII).strip("_")
    if len(plain) > _LENGTH:
        plain = plain[: _LENGTH + 1].rpartition("_")[0] or plain[:_LENGTH]
    return plain if re.search("[a-z]", plain) else ""


def joined(first: str, last: str, count: int) -> str:
    """The name of a task made of `count` parts."""
    made = f"{first}_{'and' if count == 2 else 'to'}_{last}"
    return made if first != last and len(made) <= _LENGTH + 10 else first


def free_name(wanted: str, taken: Collection[str]) -> str:
    """`wanted`, or with a number behind it if another one has it or it is reserved."""
    try:
        check_name(wanted, "task")
    except InvalidName:
        wanted = f"{wanted}_task"
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}_{number}"
    return name
