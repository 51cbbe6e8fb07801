"""SQL text taken apart: where each statement ends, and which names in it stand for values.

A scanner of our own and no library: what ends a text depends on the database (`'a\\'` is whole on PostgreSQL and not on
MariaDB), and libraries that split know no database, or guess. A statement that holds others (the body of a procedure)
is given as an item of a list, which is not split.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from studio.core.names import shown
from studio.errors import InvalidInput

Kind = Literal["code", "quoted", "comment", "name"]

_MYSQL: Final = ("mysql", "mariadb")
_TRIGGER: Final = re.compile(r"\s*CREATE\s+(TEMP\s+|TEMPORARY\s+)?TRIGGER\b", re.IGNORECASE)
_WORD: Final = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a statement; of a `name` without its colon."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, as it was written, without the semicolon after it."""

    number: int  # from 1
    line: int  # of the text, from 1; in a list of texts of its own
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        return "".join(f":{part.text}" if part.kind == "name" else part.text for part in self.parts).strip()

    @property
    def words(self) -> list[str]:
        """Keywords and names outside of quotes and comments, in upper case."""
        code = (part.text for part in self.parts if part.kind == "code")
        return [word.upper() for text in code for word in _WORD.findall(text)]


def statements_of(sql: str | Sequence[str], database: str) -> list[Statement]:
    """The statements of a text, or those that a list holds. `database`: SQLAlchemy's name of the dialect.

    Raises `InvalidInput` for a quote or a comment that does not end, and if there is no statement.
    """
    texts = [sql] if isinstance(sql, str) else list(sql)
    found: list[Statement] = []
    for text in texts:
        for line, parts in _split(text, database, is_whole=not isinstance(sql, str)):
            if any(part.kind != "comment" and part.text.strip() for part in parts):
                found.append(Statement(len(found) + 1, line, parts))
    if not found:
        raise InvalidInput("There is no statement in the SQL text.", field="sql")
    return found


def _split(text: str, database: str, *, is_whole: bool) -> Iterator[tuple[int, tuple[Part, ...]]]:
    """Pairs of a line and parts. `is_whole`: semicolons end nothing, but for one at the end."""
    parts: list[Part] = []
    begin = 0
    for match in _scanner(database).finditer(text.rstrip().rstrip(";") if is_whole else text):
        kind, piece = str(match.lastgroup), match.group()
        if kind == "open":
            line = text.count("\n", 0, match.start()) + 1
            raise InvalidInput(
                f"What {shown(piece)} begins in line {line} of the SQL text does not end.", field="sql"
            )
        if kind == "end" and not is_whole and not _is_inside(text[begin : match.end()], database):
            yield _line(text, begin, parts), tuple(parts)
            parts, begin = [], match.end()
        elif kind == "name":
            parts.append(Part("name", piece[1:]))
        else:
            known: dict[str, Kind] = {"quoted": "quoted", "comment": "comment"}
            parts.append(Part(known.get(kind, "code"), ":" if kind == "colon" else piece))
    yield _line(text, begin, parts), tuple(parts)


def _line(text: str, begin: int, parts: Sequence[Part]) -> int:
    """Where the statement itself begins, after what is empty before it."""
    before = "".join(part.text for part in parts)
    return text.count("\n", 0, begin) + before[: len(before) - len(before.lstrip())].count("\n") + 1


def _is_inside(text: str, database: str) -> bool:
    """Whether the semicolon at the end of `text` belongs to a statement within a trigger."""
    return database == "sqlite" and _TRIGGER.match(text) is not None and not sqlite3.complete_statement(text)


@cache
def _scanner(database: str) -> re.Pattern[str]:
    is_mysql, is_postgresql = database in _MYSQL, database == "postgresql"
    plain, escaped = r"'(?:[^']|'')*'", r"'(?:[^'\\]|\\.|'')*'"
    comments = [r"--(?=\s|$)[^\n]*", r"\#[^\n]*"] if is_mysql else [r"--[^\n]*"]
    comments.append(_nested_comment() if is_postgresql else r"/\*.*?\*/")
    quoted = [escaped if is_mysql else plain]
    quoted.append(r'"(?:[^"\\]|\\.|"")*"' if is_mysql else r'"(?:[^"]|"")*"')
    if is_postgresql:
        quoted.insert(0, rf"\b[eE]{escaped}")
        quoted.append(r"(?<![\w$])\$(?P<tag>(?:[A-Za-z_]\w*)?)\$.*?\$(?P=tag)\$")
    if is_mysql or database == "sqlite":
        quoted.append(r"`(?:[^`]|``)*`")
    if database in ("sqlite", "mssql"):
        quoted.append(r"\[[^\]\n]*\]")
    opened = [r"/\*", "'", '"', *(["`"] if is_mysql or database == "sqlite" else [])]
    return re.compile(
        "|".join(
            [
                f"(?P<comment>{'|'.join(comments)})",
                f"(?P<quoted>{'|'.join(quoted)})",
                f"(?P<open>{'|'.join(opened)})",
                r"(?P<colon>\\:)",
                r"(?P<cast>::|:=)",
                r"(?P<name>(?<![\w:]):[A-Za-z_]\w*)",
                r"(?P<end>;)",
                r"(?P<code>(?:[A-Za-z_]\w*|\s+|[^'\"`/\-#$;:\[eE\\]|.))",
            ]
        ),
        re.DOTALL,
    )


def _nested_comment(depth: int = 6) -> str:
    """PostgreSQL's comments nest; a regular expression only so deep."""
    inner = r"/\*.*?\*/"
    for _ in range(depth):
        inner = rf"/\*(?:(?!/\*|\*/).|{inner})*\*/"
    return inner
