"""SQL on real databases: statements, types, values from outside, transactions, cancelling."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from threading import Thread, main_thread
from typing import Any

import nbformat
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import sqlalchemy as sa

from studio.errors import InvalidInput
from studio.operators.sql import Sql
from studio.operators.sql_connection import connected
from studio.secrets.access import delivered_here
from studio.secrets.delivery import Delivered
from studio.worker.operator import run_operator
from studio.worker.task import TaskRequest, TaskResult

from ..databases import empty_mariadb, empty_postgresql

__all__ = ["empty_mariadb", "empty_postgresql"]

DATABASES = ["sqlite", "postgresql", "mariadb"]


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables."""
    return _url(request, request.param, tmp_path)


def _url(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> str:
    if kind == "sqlite":
        return f"sqlite:///{tmp_path}/own.db"
    url: str = request.getfixturevalue(f"empty_{kind}")
    with connected(url, tmp_path, transaction=True) as connection:
        found = sa.MetaData()
        found.reflect(connection)
        found.drop_all(connection)
    return url


Run = Callable[..., TaskResult]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run `sql(...)` with these arguments, as a worker does but for what becomes of the value."""
    directory = tmp_path / "attempt"
    directory.mkdir()

    def run(sql: Any, url: str = "", context: Any = None, operator: str = "sql", **args: Any) -> TaskResult:
        args = {"sql": sql, "url": url, **args}
        if not url:
            del args["url"]
        request = TaskRequest(
            attempt_id=1, dag_id="d", run_id="r", task_id="t", try_number=1, kind="operator",
            config={"operator": operator, "args": args, "directory": str(tmp_path)},
            context={"ds": "2013-01-01", **(context or {})}, directory=str(directory),
        )  # fmt: skip
        return run_operator(request, lambda event: None)

    return run


def value(result: TaskResult) -> Any:
    assert result.state == "success", result.error
    return result.value


FLIGHTS = """
CREATE TABLE flights (id INTEGER PRIMARY KEY, origin VARCHAR(100), delay INTEGER, day DATE);
INSERT INTO flights VALUES (1, 'EWR', 2, '2013-01-01'), (2, 'JFK', NULL, '2013-01-01'), (3, 'a;b''c', -4, '2013-01-02');
"""


def test_several_statements_return_the_rows_of_the_last_that_gives_some(
    run: Run, url: str, tmp_path: Path
) -> None:
    frame = value(
        run(
            FLIGHTS + "SELECT 1 AS one;\nSELECT id, origin, delay FROM flights WHERE day = :day ORDER BY id;"
            "DELETE FROM flights WHERE origin = 'a;b''c'",
            url,
            parameters={"day": "{{ ds }}"},
            index="id",
        )
    )
    wanted = pd.DataFrame(
        {"origin": ["EWR", "JFK"], "delay": pd.array([2, None], dtype=frame["delay"].dtype)},
        index=pd.Index([1, 2], name="id", dtype=frame.index.dtype),
    )
    pd.testing.assert_frame_equal(frame, wanted, check_dtype=False)
    assert str(frame["delay"].dtype).startswith("Int")
    cells = nbformat.read(tmp_path / "attempt" / "output.ipynb", as_version=4).cells
    told = ["".join(o.get("text", "") for o in cell.outputs) for cell in cells if cell.cell_type == "code"]
    assert [text.partition(" (")[0].strip() for text in told][1:] == [
        "3 rows affected",
        "1 row × 1 column",
        "2 rows × 3 columns",
        "1 row affected",
    ]


@pytest.mark.parametrize(
    ("result", "wanted"),
    [
        ("rows", [{"id": 1, "origin": "EWR"}, {"id": 2, "origin": "JFK"}]),
        ("none", None),
    ],
)
def test_rows_are_json(run: Run, url: str, result: str, wanted: object) -> None:
    value(run(FLIGHTS, url, result="none"))
    assert value(run("SELECT id, origin FROM flights WHERE id < 3 ORDER BY id", url, result=result)) == wanted


def test_a_scalar_is_one_value(run: Run, url: str) -> None:
    value(run(FLIGHTS, url, result="none"))
    assert value(run("SELECT count(*) FROM flights", url, result="scalar")) == 3
    assert value(run("SELECT max(day) FROM flights", url, result="scalar")) == "2013-01-02"
    assert value(run("SELECT id FROM flights WHERE id = 9", url, result="scalar")) is None
    assert "more than one row" in str(run("SELECT id FROM flights", url, result="scalar").error)


EVIL = [
    "'; DROP TABLE flights; --",
    "\\'; DROP TABLE flights; -- ",
    "%(x)s %s %% ?",
    ":day",
    '"; DROP',
    "$$;$$",
    "\\",
]


@pytest.mark.parametrize("evil", EVIL)
def test_nothing_in_a_parameter_is_sql(run: Run, url: str, evil: str) -> None:
    value(run(FLIGHTS, url, result="none"))
    sql = "INSERT INTO flights (id, origin) VALUES (9, :evil);"
    sql += "SELECT count(*) AS n, '100%' AS p FROM flights WHERE origin = :evil"
    assert value(run(sql, url, parameters={"evil": evil}, result="rows")) == [{"n": 1, "p": "100%"}]
    assert value(run("SELECT count(*) FROM flights", url, result="scalar")) == 4


@pytest.mark.parametrize("evil", ["x; DROP TABLE flights", 'a"b', "a`b", "a%b", "select"])
def test_nothing_in_an_identifier_is_sql(run: Run, url: str, evil: str) -> None:
    value(run(FLIGHTS, url, result="none"))
    sql = "CREATE TABLE :t (:c INTEGER); INSERT INTO :t VALUES (5); SELECT :c AS n FROM :t"
    assert value(run(sql, url, identifiers={"t": evil, "c": [evil]}, result="scalar")) == 5
    assert value(run("SELECT count(*) FROM flights", url, result="scalar")) == 3
    value(run("DROP TABLE :t", url, identifiers={"t": evil}, result="none"))


def test_a_list_stands_for_its_items(run: Run, url: str) -> None:
    value(run(FLIGHTS, url, result="none"))
    sql = "SELECT count(*) FROM flights WHERE id IN (:ids)"
    assert [value(run(sql, url, parameters={"ids": ids}, result="scalar")) for ids in ([1, 3], [2], [])] == [
        2,
        1,
        0,
    ]


def test_a_table_can_be_made_of_a_query_with_parameters(run: Run, url: str) -> None:
    value(run(FLIGHTS, url, result="none"))
    sql = "CREATE TABLE early AS SELECT * FROM flights WHERE id < :n; SELECT count(*) FROM early"
    assert value(run(sql, url, parameters={"n": 3}, result="scalar")) == 2


def test_all_statements_are_one_transaction(run: Run, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    for kind in ("sqlite", "postgresql"):  # MariaDB ends it with each statement that defines something
        url = _url(request, kind, tmp_path)
        failed = run("CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1);\nSELECT nothing FROM a", url)
        assert failed.error is not None and "Statement 3 of 3 (line 2): " in failed.error
        assert "nothing" in failed.error and "Traceback" not in failed.error
        again = run("CREATE TABLE a (x INTEGER)", url)
        assert again.state == "success"


def test_statements_by_themselves_stay(run: Run, url: str) -> None:
    value(run(FLIGHTS, url, result="none"))
    failed = run("DELETE FROM flights WHERE id = 1; SELECT nothing FROM flights", url, transaction=False)
    assert failed.state == "failed"
    assert value(run("SELECT count(*) FROM flights", url, result="scalar", transaction=False)) == 2
    assert (
        value(run("DELETE FROM flights WHERE id = 2; SELECT count(*) FROM flights", url, result="scalar"))
        == 1
    )


def test_postgresql_types(run: Run, empty_postgresql: str) -> None:
    sql = """SELECT * FROM (VALUES
        (1::int, 2::bigint, true, 1.50::numeric(10, 2), 'ä', '\\x00ff'::bytea, '2013-01-01'::date,
         '2013-01-01 12:00+02'::timestamptz, '2013-01-01 12:00:00.000001'::timestamp, 1.5::float8, '{"a": [1]}'::jsonb,
         'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid, ARRAY[1, 2], '1 day'::interval, '12:30'::time),
        (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL))
        AS t (i, b, t, n, s, y, d, z, p, f, j, u, a, v, m)"""
    table = value(run(sql, empty_postgresql, result="arrow"))
    types = [str(kind) for kind in table.schema.types]
    assert types == [
        "int32", "int64", "bool", "decimal128(3, 2)", "string", "binary", "date32[day]", "timestamp[us, tz=UTC]",
        "timestamp[us]", "double", "string", "string", "list<item: int64>", "duration[us]", "time64[us]",
    ]  # fmt: skip
    assert table.slice(0, 1).to_pylist() == [
        {
            "i": 1, "b": 2, "t": True, "n": Decimal("1.50"), "s": "ä", "y": b"\x00\xff", "d": date(2013, 1, 1),
            "z": datetime(2013, 1, 1, 10, tzinfo=timezone.utc), "p": datetime(2013, 1, 1, 12, 0, 0, 1), "f": 1.5,
            "j": '{"a": [1]}', "u": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a": [1, 2],
            "v": pd.Timedelta(days=1).to_pytimedelta(), "m": datetime(2013, 1, 1, 12, 30).time(),
        }
    ]  # fmt: skip
    frame = value(run(sql, empty_postgresql))
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
        "i": "Int32", "b": "Int64", "t": "boolean", "n": "object", "s": "str", "y": "object", "d": "object",
        "z": "datetime64[us, UTC]", "p": "datetime64[us]", "f": "float64", "j": "str", "u": "str", "a": "object",
        "v": "timedelta64[us]", "m": "object",
    }  # fmt: skip
    empty = value(run(f"SELECT * FROM ({sql}) x WHERE false", empty_postgresql))
    assert str(empty.dtypes["z"]) == "datetime64[us, UTC]" and str(empty.dtypes["i"]) == "int32"


def test_sqlite_columns_of_several_kinds_are_text(run: Run, tmp_path: Path) -> None:
    frame = value(
        run("SELECT 1 AS a, 1 AS b UNION ALL SELECT 'x', 2.5 UNION ALL SELECT NULL, NULL", "sqlite://")
    )
    assert frame["a"].tolist()[:2] == ["1", "x"]
    assert frame["b"].tolist()[:2] == [1.0, 2.5]


FRAME = pd.DataFrame(
    {
        "n": [1, 2], "f": [0.5, float("nan")], "s": ["a,\"'\n", ""], "t": [True, False],
        "z": pd.to_datetime(["2013-01-01 12:00+01:00", "NaT"], utc=True),
        "p": pd.to_datetime(["2013-01-01 12:00", "NaT"]),
        "d": [Decimal("1.25"), None], "y": [b"\x00\xff", None], "i": pd.array([1, None], dtype="Int64"),
        "c": pd.Categorical(["x", None]),
    },
    index=pd.Index([7, 8], name="key"),
)  # fmt: skip


def test_frames_are_temporary_tables(run: Run, url: str) -> None:
    tables = {
        "given": FRAME,
        "polars_too": pl.DataFrame({"key": [7], "w": [1.5]}),
        "rows": [{"key": 8, "q": "x"}],
    }
    sql = """SELECT g.key, n, f, s, t, z, p, d, y, i, c, w, q FROM given g LEFT JOIN polars_too l ON l.key = g.key
             LEFT JOIN rows r ON r.key = g.key ORDER BY g.key"""
    if url.startswith("mariadb"):  # where ROWS is a keyword, and KEY too
        tables["r"] = tables.pop("rows")
        sql = (
            sql.replace("LEFT JOIN rows r", "LEFT JOIN r")
            .replace("g.key", "g.`key`")
            .replace(".key", ".`key`")
        )
    first, second = value(run(sql, url, tables=tables)).to_dict("records")
    assert (first["key"], first["n"], first["f"], first["s"], first["w"]) == (7, 1, 0.5, "a,\"'\n", 1.5)
    assert (second["s"], second["q"], first["y"], first["c"], first["i"]) == ("", "x", b"\x00\xff", "x", 1)
    assert pd.isna(second["f"]) and pd.isna(second["i"]) and pd.isna(second["c"]) and pd.isna(second["z"])
    assert (
        Decimal(str(first["d"])) == Decimal("1.25")
        and bool(first["t"]) is True
        and bool(second["t"]) is False
    )
    assert str(first["z"]).startswith("2013-01-01 11:00") and str(first["p"]).startswith("2013-01-01 12:00")
    gone = run("SELECT * FROM given", url)
    assert gone.state == "failed"


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"sql": "SELECT {{ ds }}", "url": "sqlite://"}, "The SQL text holds a template."),
    ({"sql": "SELECT '{% if x %}'", "url": "sqlite://"}, "The SQL text holds a template."),
    ({"sql": " ", "url": "sqlite://"}, "There is no statement in the SQL text."),
    ({"sql": "SELECT 1"}, "Statements of SQL need a connection or a URL, and not both."),
    ({"sql": "SELECT 1", "url": "postgresql://me:geheim@host/db"}, "The URL holds a password"),
    (
        {"sql": "SELECT :a", "url": "sqlite://", "parameters": {"a": 1}, "identifiers": {"a": "b"}},
        ":a is a parameter and",
    ),
    (
        {"sql": "SELECT 1", "url": "sqlite://", "index": ["a"], "result": "rows"},
        'index is for result="table"',
    ),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "told"), MISTAKES)
def test_mistakes_are_told_where_the_task_is_defined(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Sql(**fields).check()
    assert str(caught.value).startswith(told)
    assert "geheim" not in str(caught.value)


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    (
        "SELECT :dya",
        {"parameters": {"day": 1}},
        "Statement 1 (line 1) holds :dya, which stands for nothing. Did you mean 'day'?",
    ),
    ("SELECT 1", {"parameters": {"day": 1}}, "No statement holds :day, for which there is a value."),
    ("SELECT 1 AS a, 2 AS a", {}, "The statement gives two columns with the name 'a'."),
    ("SELECT 1;\n BEGIN", {}, "Statement 2 (line 2) is BEGIN, but all statements are one transaction."),
    ("SELECT 'a", {}, 'What "\'" begins in line 1 of the SQL text does not end.'),
    ("SELECT 1 AS a", {"index": "b"}, "The index shall be 'b', which is no column of the result."),
    ("SELECT 1", {"tables": {"x": 5}}, "The table 'x' shall be 5 of type builtins.int, which is no table."),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "args", "told"), REFUSED)
def test_mistakes_are_told_by_the_attempt(run: Run, sql: str, args: dict[str, Any], told: str) -> None:
    result = run(sql, "sqlite://", **args)
    assert result.state == "failed" and result.error is not None
    assert result.error.partition(": ")[2].startswith(told)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("mssql+pyodbc://host/db", "Install it there: pip install 'pyodbc'."),
        ("duckdb:///x", "Install it there: pip install 'duckdb-engine'."),
        ("nothing", "The URL of the database cannot be understood."),
        (
            "postgresql://nobody@127.0.0.1:1/db",
            "DatabaseUnreachable: postgresql+psycopg://nobody@127.0.0.1:1/db: ",
        ),
        ("sqlite:////nowhere/at/all.db", "unable to open database file"),
    ],
)
def test_a_database_that_cannot_be_reached_is_told(run: Run, url: str, told: str) -> None:
    assert told in str(run("SELECT 1", url).error)


def test_errors_have_the_drivers_classes_for_retry_rules(run: Run, empty_postgresql: str) -> None:
    result = run("SELECT 1/0", empty_postgresql)
    assert result.error == "DivisionByZero: Statement 1 of 1 (line 1): division by zero"
    assert {"psycopg.errors.DivisionByZero", "psycopg.DataError"} <= set(result.signal.errors)


def test_a_sensor_waits_for_a_true_value(run: Run, url: str) -> None:
    value(run(FLIGHTS, url, result="none"))
    looks = {"interpret": "sensor", "sensor": {"mode": "reschedule"}}
    sql = "SELECT count(*) FROM flights WHERE id = :n"
    states = [run(sql, url, looks, "sql_sensor", parameters={"n": n}).state for n in (99, 1)]
    assert states == ["rescheduled", "success"]


def test_arrow_is_given_as_it_is(run: Run) -> None:
    table = pa.table({"a": [1, 2]})
    assert value(run("SELECT sum(a) FROM t", "sqlite://", tables={"t": table}, result="scalar")) == 3


ENDLESS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
    "postgresql": "SELECT pg_sleep(600)",
    "mariadb": "SELECT sleep(600)",
}
RUNNING = {
    "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'",
    "mariadb": "SELECT count(*) FROM information_schema.processlist WHERE state = 'User sleep'",
}


# What SQLAlchemy leaves open of an interrupted cursor is closed with its connection.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("transaction", [True, False])
def test_a_cancel_stops_the_statement_in_the_database(
    run: Run, url: str, tmp_path: Path, transaction: bool
) -> None:
    kind = url.partition(":")[0]

    def running() -> int:
        with connected(url, tmp_path, transaction=False) as connection:
            return int(connection.exec_driver_sql(RUNNING[kind]).scalar_one())

    def interrupt() -> None:
        if kind == "sqlite":
            time.sleep(0.3)
        else:
            while running() == before:
                time.sleep(0.05)
        signal.pthread_kill(main_thread().ident or 0, signal.SIGINT)

    signal.signal(signal.SIGINT, signal.default_int_handler)  # as runners do: it interrupts system calls
    before = 0 if kind == "sqlite" else running()
    thread = Thread(target=interrupt)
    thread.start()
    result = run(ENDLESS[kind], url, transaction=transaction)
    thread.join()
    assert (result.state, (result.error or "").partition("\n")[0]) == ("failed", "KeyboardInterrupt")
    if kind != "sqlite":
        assert running() == before


def test_a_connection_is_the_database_and_its_password_is_never_shown(tmp_path: Path) -> None:
    def error(**fields: Any) -> TaskResult:
        request = TaskRequest(
            attempt_id=1, dag_id="d", run_id="r", task_id="t", try_number=1, kind="operator", context={},
            config={"operator": "sql", "args": {"sql": "SELECT 7", "connection": "own", "result": "scalar"}},
            directory=str(tmp_path), secrets=Delivered(connections={"own": fields}),
        )  # fmt: skip
        with delivered_here(request.secrets):
            return run_operator(request, lambda event: None)

    assert value(error(type="sqlite", schema=f"{tmp_path}/own.db")) == 7
    for kind in ("postgresql", "mysql"):
        result = error(type=kind, host="127.0.0.1", port=1, login="me", password="ge/he@im", schema="db")
        assert str(result.error).startswith(f"DatabaseUnreachable: {kind}+")
        texts = [str(result), *(path.read_text() for path in tmp_path.glob("*") if path.suffix != ".db")]
        assert not any(secret in text for text in texts for secret in ("ge/he@im", "ge%2Fhe%40im"))
