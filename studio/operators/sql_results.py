"""Rows of a database as a table, with the database's types, read in batches: memory holds the result, and one batch."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, Protocol
from uuid import UUID

from studio.core.names import nearest, shown
from studio.errors import InvalidInput

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

BATCH: Final = 20_000  # rows

#: What columns are by PostgreSQL's numbers of types, so that they are also without a row that has a value.
_POSTGRESQL: Final = {
    16: "bool", 20: "int64", 21: "int16", 23: "int32", 26: "int64", 700: "float32", 701: "float64", 17: "binary",
    25: "string", 18: "string", 19: "string", 1042: "string", 1043: "string", 2950: "string", 114: "string",
    3802: "string", 1082: "date32", 1083: "time64", 1114: "timestamp", 1184: "timestamp UTC", 1186: "duration",
}  # fmt: skip
#: By MySQL's and MariaDB's.
_MYSQL: Final = {
    1: "int8", 2: "int16", 3: "int32", 4: "float32", 5: "float64", 8: "int64", 9: "int32", 13: "int16", 7: "timestamp",
    12: "timestamp", 10: "date32", 11: "duration",
}  # fmt: skip


class Cursor(Protocol):
    """What a statement gave, in the words of DBAPI."""

    @property
    def description(self) -> Sequence[Any]: ...

    def fetchmany(self, size: int) -> Sequence[Sequence[Any]]: ...


def read_table(cursor: Cursor, database: str, most: int | None = None) -> pa.Table:
    """All rows, or the first of them. Raises `InvalidInput` if two columns have one name."""
    import pyarrow as pa  # noqa: PLC0415 - heavy, and not every statement gives a table

    names = [str(column[0]) for column in cursor.description]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InvalidInput(
            f"The statement gives two columns with the name {shown(twice)}.",
            hint="Name one of them: `SELECT a.id, b.id AS other_id`.",
            field="sql",
        )
    wanted = [_wanted(column, database) for column in cursor.description]
    rows_read = _batches(cursor) if most is None else filter(None, [cursor.fetchmany(most)])
    batches = [_batch(rows, names, wanted) for rows in rows_read]
    if not batches:
        return pa.table([pa.array([], type=each or pa.null()) for each in wanted], names=names)
    try:
        return pa.concat_tables(batches, promote_options="permissive")
    except (pa.ArrowTypeError, pa.ArrowInvalid):  # SQLite's columns may hold anything
        return pa.concat_tables(
            [_as_texts(batch, batches) for batch in batches], promote_options="permissive"
        )


def read_rows(cursor: Cursor) -> list[dict[str, Any]]:
    """All rows as JSON: dates as ISO 8601, decimals as text, so that nothing of them is lost."""
    names = [str(column[0]) for column in cursor.description]
    return [dict(zip(names, map(as_json, row), strict=True)) for rows in _batches(cursor) for row in rows]


def only_value(rows: Sequence[Sequence[Any]]) -> Any:
    """The one value, as JSON; None if there is no row. Raises `InvalidInput` if there are more."""
    if len(rows) > 1 or (rows and len(rows[0]) > 1):
        more = "more than one row" if len(rows) > 1 else f"{len(rows[0])} columns"
        raise InvalidInput(
            f'The statement gives {more}; result="scalar" is one value.',
            hint="Select one column and one row, or ask for rows.",
            field="result",
        )
    return as_json(rows[0][0]) if rows else None


def as_json(value: Any) -> Any:
    """A value of a database as JSON."""
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, (Decimal, UUID)):
        return str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex()
    if isinstance(value, (list, tuple, set)):
        return [as_json(item) for item in value]
    if isinstance(value, dict):
        return {str(key): as_json(item) for key, item in value.items()}
    return value


def as_frame(table: pa.Table, index: Sequence[str] = ()) -> pd.DataFrame:
    """As pandas: whole numbers and truth values stay such where some are missing. Raises `InvalidInput`."""
    import pandas as pd  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415

    unknown = [name for name in index if name not in table.column_names]
    if unknown:
        raise InvalidInput(
            f"The index shall be {shown(unknown[0])}, which is no column of the result.",
            hint=nearest(unknown[0], table.column_names),
            field="index",
        )
    nullable = {
        "bool": pd.BooleanDtype(), "int8": pd.Int8Dtype(), "int16": pd.Int16Dtype(), "int32": pd.Int32Dtype(),
        "int64": pd.Int64Dtype(), "uint64": pd.UInt64Dtype(),
    }  # fmt: skip
    with_gaps = {
        column.name: nullable[str(column.type)]
        for column, values in zip(table.schema, table.columns, strict=True)
        if values.null_count and str(column.type) in nullable
    }
    kept = [name for name in table.column_names if name not in with_gaps]
    frame = table.select(kept).to_pandas(split_blocks=True)
    for position, name in enumerate(table.column_names):
        if name in with_gaps:
            mapped = table.column(name).to_pandas(
                types_mapper={table.schema.field(name).type: with_gaps[name]}.get
            )
            frame.insert(position, name, mapped)
    assert isinstance(frame, pd.DataFrame) and isinstance(table, pa.Table)
    return frame.set_index(list(index)) if index else frame


def _batches(cursor: Cursor) -> Iterator[Sequence[Sequence[Any]]]:
    while rows := cursor.fetchmany(BATCH):
        yield rows


def _batch(rows: Sequence[Sequence[Any]], names: list[str], wanted: list[pa.DataType | None]) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415

    # `zip(*rows)` makes an iterator for each row: columns are few, rows are many.
    columns = [_array(list(map(itemgetter(n), rows)), each) for n, each in enumerate(wanted)]
    return pa.table(columns, names=names)


def _array(values: Sequence[Any], wanted: pa.DataType | None) -> pa.Array:
    import pyarrow as pa  # noqa: PLC0415

    try:
        return pa.array(values, type=wanted)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        pass
    plain = [_plain(value) for value in values]
    for kind in (wanted, None):
        try:
            return pa.array(plain, type=kind)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
            continue
    return pa.array([None if value is None else str(value) for value in plain], type=pa.string())


def _plain(value: Any) -> Any:
    """What Arrow does not take as it is."""
    if isinstance(value, (dict, list)):
        return json.dumps(as_json(value), ensure_ascii=False)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(timezone.utc)
    return value


def _wanted(column: Sequence[Any], database: str) -> pa.DataType | None:
    """The type by what the driver says of the column; None: by its values."""
    import pyarrow as pa  # noqa: PLC0415

    known = _POSTGRESQL if database == "postgresql" else _MYSQL if database in ("mysql", "mariadb") else {}
    name = known.get(column[1]) if isinstance(column[1], int) else None
    if name is None:
        return None
    made = {
        "time64": pa.time64("us"),
        "timestamp": pa.timestamp("us"),
        "timestamp UTC": pa.timestamp("us", tz="UTC"),
        "duration": pa.duration("us"),
        "date32": pa.date32(),
    }
    return made[name] if name in made else pa.type_for_alias(name)


def _as_texts(batch: pa.Table, batches: list[pa.Table]) -> pa.Table:
    """The columns that are of several kinds as text."""
    import pyarrow as pa  # noqa: PLC0415

    columns = []
    for n, column in enumerate(batch.columns):
        kinds = {each.column(n).type for each in batches} - {pa.null()}
        mixed = len(kinds) > 1 and not all(pa.types.is_integer(k) or pa.types.is_floating(k) for k in kinds)
        columns.append(column.cast(pa.string()) if mixed else column)
    return pa.table(columns, names=batch.column_names)
