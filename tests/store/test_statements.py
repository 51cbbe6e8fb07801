"""Every statement and table is legal on every database, also on those without a server at hand."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, oracle, postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from studio.store import shared_statements, statements
from studio.store.tables import metadata

DIALECTS: dict[str, Dialect] = {
    "sqlite": sqlite.dialect(),
    "postgresql": postgresql.dialect(),
    "mysql": mysql.dialect(),
    "mariadb": sa.make_url("mariadb+pymysql://").get_dialect()(),
    "oracle": oracle.dialect(),
}
#: Oracle's own, from V$RESERVED_WORDS where RESERVED = 'Y'; SQLAlchemy's list has the others.
ORACLE_RESERVED = """
access add all alter and any as asc audit between by char check cluster column comment compress connect create current
date decimal default delete desc distinct drop else exclusive exists file float for from grant group having identified
immediate in increment index initial insert integer intersect into is level like lock long maxextents minus mlslabel
mode modify noaudit nocompress not nowait null number of offline on online option or order pctfree prior public raw
rename resource revoke row rowid rownum rows select session set share size smallint start successful synonym sysdate
table then to trigger uid union unique update user validate values varchar varchar2 view whenever where with
"""


FILTERS = ("dag_id", "states", "types", "since", "until", "search", "backfill", "before")


def named_statements() -> Iterator[tuple[str, sa.sql.expression.Executable]]:
    for name, value in {**vars(statements), **vars(shared_statements)}.items():
        if isinstance(value, sa.sql.expression.Executable) and not name.startswith("_"):
            yield name, value
    for one in (False, True):
        yield f"latest_runs({one})", statements.latest_runs(one)
    for both in product((False, True), repeat=2):
        yield f"backfills{both}", shared_statements.backfills(*both)
        yield f"events_page{both}", shared_statements.events_page(*both)
    for three in product((False, True), repeat=3):
        yield f"commands_page{three}", statements.commands_page(*three)
    for filters in map(frozenset, ((), *((name,) for name in FILTERS), FILTERS)):
        yield f"runs_page({sorted(filters)})", statements.runs_page(filters)


STATEMENTS = dict(named_statements())


def identifiers() -> list[str]:
    names: list[str] = []
    for table in metadata.sorted_tables:
        names += [table.name, *(column.name for column in table.columns)]
        names += [str(constraint.name) for constraint in table.constraints]
        names += [str(index.name) for index in table.indexes]
    return names


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", STATEMENTS)
def test_statement_compiles(dialect: str, name: str) -> None:
    statement: Any = STATEMENTS[name]
    columns = None
    if isinstance(statement, sa.Insert) and not statement.compile().params:
        columns = [column.name for column in statement.table.columns]
    text = str(statement.compile(dialect=DIALECTS[dialect], column_keys=columns))
    assert re.match(r"(SELECT|INSERT|UPDATE|DELETE)\b", text)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_tables_compile(dialect: str) -> None:
    for table in metadata.sorted_tables:
        elements: list[sa.DDLElement] = [CreateTable(table), *(CreateIndex(index) for index in table.indexes)]
        for element in elements:
            assert str(element.compile(dialect=DIALECTS[dialect])).strip().startswith("CREATE")


def test_statements_are_built_once() -> None:
    """A module-level name or a cached function: nothing builds a statement for each call."""
    functions = {
        name
        for module in (statements, shared_statements)
        for name, f in inspect.getmembers(module, inspect.isfunction)
        if f.__module__ == module.__name__ and not name.startswith("_")
    }
    assert functions == {"named", "changing", "listed"}  # parts of statements
    filters = frozenset({"dag_id", "search"})
    assert statements.runs_page(filters) is statements.runs_page(frozenset(filters))


def test_identifiers_fit_into_30_characters() -> None:
    assert [name for name in identifiers() if len(name) > 30] == []


def test_every_constraint_has_a_name() -> None:
    assert "None" not in identifiers()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_identifiers_are_no_reserved_words(dialect: str) -> None:
    reserved = set(DIALECTS[dialect].identifier_preparer.reserved_words)
    if dialect == "oracle":
        reserved |= set(ORACLE_RESERVED.split())
    assert reserved.intersection(identifiers()) == set()


def test_guards_stand_in_where() -> None:
    for name in ("update_tasks", "update_runs"):
        where = str(STATEMENTS[name]).partition("WHERE")[2]
        assert all(bind in where for bind in (":old_id", ":old_rev", ":old_state"))
