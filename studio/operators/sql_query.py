"""What all operators that speak SQL are given: the text, the database, and what the names in the text stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta

from studio.errors import InvalidInput
from studio.operators.base import AttemptContext, Verbatim, is_unresolved
from studio.operators.sql_names import Names
from studio.operators.sql_statements import Statement, statements_of

SqlText = Annotated[
    Verbatim[str | list[str]],
    Meta(
        description="one or more statements, separated by semicolons; or a list of statements, which are not split. "
        "`:name` stands for a value of `parameters` or a name of `identifiers`. It holds no templates"
    ),
]
Url = Annotated[
    str,
    Meta(
        description="the database, if it is no connection: `sqlite:///file.db`, `postgresql://host/database`"
    ),
]
Parameters = Annotated[
    dict[str, Any],
    Meta(
        description="values for `:name` in the text; they reach the database beside it, so nothing in them is SQL. "
        "A list stands for all its items: `day IN (:days)`"
    ),
]
Identifiers = Annotated[
    dict[str, str | list[str]],
    Meta(
        description="names of tables and columns for `:name` in the text, quoted; a list is a name in a schema"
    ),
]


@dataclass(frozen=True, slots=True)
class Query:
    """The fields that these operators have in common."""

    sql: str | list[str]
    connection: str | None
    url: str
    names: Names

    def check(self) -> None:
        """Raise `InvalidInput` for what makes no sense together."""
        texts = [self.sql] if isinstance(self.sql, str) else self.sql
        if any(map(is_unresolved, texts)):
            raise InvalidInput(
                "The SQL text holds a template. Text that comes from elsewhere could be any statement.",
                hint='Write `:day`, and give parameters={"day": "{{ ds }}"}; the name of a table by identifiers={…}.',
                field="sql",
            )
        if not any(text.strip() for text in texts):
            raise InvalidInput("There is no statement in the SQL text.", field="sql")
        if bool(self.connection) == bool(self.url):
            raise InvalidInput(
                "Statements of SQL need a connection or a URL, and not both.",
                hint='Give connection="warehouse" or url="sqlite:///file.db".',
                field="connection",
            )
        if _has_password(self.url):
            raise InvalidInput(
                "The URL holds a password, which everybody who sees the DAG could read.",
                hint="Make a connection of it, and give connection=NAME.",
                field="url",
            )
        both = next((name for name in self.names.parameters if name in self.names.identifiers), None)
        if both is not None:
            raise InvalidInput(
                f":{both} is a parameter and an identifier; it can be one only.", field="identifiers"
            )

    def statements(self, database: str) -> list[Statement]:
        """Raises `InvalidInput` for text that does not end, and for names that stand for nothing."""
        found = statements_of(self.sql, database)
        self.names.check(found)
        return found

    def address(self, attempt: AttemptContext) -> str:
        """URL of the database, with its password: for the driver alone."""
        return str(attempt.connection(self.connection).url) if self.connection else self.url


def _has_password(url: str) -> bool:
    user, is_there, _ = url.partition("://")[2].partition("/")[0].rpartition("@")
    return bool(is_there and user.partition(":")[2])
