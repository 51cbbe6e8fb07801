"""What `:name` stands for in statements: a value, which reaches the driver beside the text, or a quoted name in it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from studio.core.names import nearest, shown
from studio.errors import InvalidInput
from studio.operators.sql_statements import Statement

if TYPE_CHECKING:
    import sqlalchemy as sa

#: How the styles of DBAPI write a placeholder; those with a `%` in theirs double it elsewhere.
_PLACEHOLDERS: Final = {"named": ":{}", "pyformat": "%({})s", "format": "%s", "qmark": "?"}


@dataclass(frozen=True, slots=True)
class Names:
    """All that a task was given."""

    parameters: Mapping[str, Any]
    identifiers: Mapping[str, str | Sequence[str]]

    def check(self, statements: Sequence[Statement]) -> None:
        """Raise `InvalidInput` for a name that stands for nothing, and for one that is not used."""
        known = [*self.parameters, *self.identifiers]
        used: set[str] = set()
        for each in statements:
            for name in (part.text for part in each.parts if part.kind == "name"):
                used.add(name)
                if name not in known:
                    hint = f"Give parameters={{{name!r}: …}}; a colon that is meant is written `\\:`."
                    raise InvalidInput(
                        f"Statement {each.number} (line {each.line}) holds :{name}, which stands for nothing.",
                        hint=f"{nearest(name, known)} {hint}".strip(),
                        field="parameters",
                    )
        for name in known:
            if name not in used:
                raise InvalidInput(
                    f"No statement holds :{name}, for which there is a value.",
                    hint=nearest(name, sorted(used)),
                    field="parameters",
                )

    def put_into(self, statement: Statement, dialect: sa.Dialect) -> tuple[str, Any]:
        """The text for the driver, and the values beside it: no value becomes a part of the text."""
        values = _Values(dialect.paramstyle)
        pieces: list[str] = []
        for part in statement.parts:
            if part.kind != "name":
                is_doubled = dialect.paramstyle in ("pyformat", "format")
                pieces.append(part.text.replace("%", "%%") if is_doubled else part.text)
            elif part.text in self.identifiers:
                pieces.append(_quoted(dialect, self.identifiers[part.text]))
            else:
                pieces.append(values.placeholders(part.text, self.parameters[part.text]))
        return "".join(pieces).strip(), values.given


@dataclass(slots=True)
class _Values:
    """Those of one statement, in the style of its driver."""

    style: str
    by_name: dict[str, Any] = field(default_factory=dict)
    in_order: list[Any] = field(default_factory=list)

    @property
    def given(self) -> Any:
        return self.by_name if self.style in ("named", "pyformat") else tuple(self.in_order)

    def placeholders(self, name: str, value: Any) -> str:
        """For a value, or for all items of a list. An empty list is equal to nothing: NULL."""
        if not isinstance(value, (list, tuple)):
            return self._placeholder(name, value)
        # No name in a statement ends so: its items get in nobody's way.
        return (
            ", ".join(self._placeholder(f"{name}__item{n}", item) for n, item in enumerate(value)) or "NULL"
        )

    def _placeholder(self, name: str, value: Any) -> str:
        value = json.dumps(value) if isinstance(value, (dict, list)) else value
        self.by_name[name] = value
        self.in_order.append(value)
        return _PLACEHOLDERS.get(self.style, ":{}").format(name)


def _quoted(dialect: sa.Dialect, name: str | Sequence[str]) -> str:
    parts = [name] if isinstance(name, str) else list(name)
    if not parts or not all(part and "\0" not in part for part in parts):
        raise InvalidInput(
            f"The identifier {shown(name)} is no name.",
            hint='Give text, or a list for a name in a schema: ["sales", "orders"].',
            field="identifiers",
        )
    return ".".join(dialect.identifier_preparer.quote_identifier(part) for part in parts)
