"""Frames of other tasks as temporary tables of the connection, for statements to join with."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from studio.core.names import shown
from studio.errors import InvalidInput

if TYPE_CHECKING:
    import pyarrow as pa
    import sqlalchemy as sa

CHUNK: Final = 50_000  # rows


def load_tables(connection: sa.Connection, tables: Mapping[str, Any]) -> dict[str, int]:
    """Make a temporary table of each frame; how many rows they have. Raises `InvalidInput` for what is no frame."""
    return {name: _load(connection, name, as_arrow(value, name)) for name, value in tables.items()}


def as_arrow(value: Any, name: str) -> pa.Table:
    """A table of Arrow from pandas, polars, Arrow, or rows as dicts. An index with a name is a column, too."""
    import pyarrow as pa  # noqa: PLC0415 - heavy

    if isinstance(value, pa.Table):
        return value
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if kind.startswith("pandas.") and kind.endswith(".DataFrame"):
        frame = value.rename(columns=str)
        return pa.Table.from_pandas(
            frame.reset_index() if any(frame.index.names) else frame, preserve_index=False
        )
    if kind.startswith("polars.") and kind.endswith(".DataFrame"):
        return value.to_arrow()
    if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        return pa.Table.from_pylist(value)
    raise InvalidInput(
        f"The table {shown(name)} shall be {shown(value)} of type {kind}, which is no table.",
        hint="Give a DataFrame of pandas or polars, a table of pyarrow, or a list of rows as dicts.",
        field="tables",
    )


def _load(connection: sa.Connection, name: str, table: pa.Table) -> int:
    import sqlalchemy as sa  # noqa: PLC0415

    columns = [sa.Column(field.name, _type(field.type, name, field.name)) for field in table.schema]
    made = sa.Table(name, sa.MetaData(), *columns, prefixes=["TEMPORARY"])
    made.create(connection, checkfirst=False)  # it stands before a lasting one of its name
    if connection.dialect.driver == "psycopg":
        _copy(connection, made, table)
    else:
        for batch in table.to_batches(max_chunksize=CHUNK):
            connection.execute(made.insert(), _rows(batch))
    return int(table.num_rows)


def _copy(connection: sa.Connection, made: sa.Table, table: pa.Table) -> None:
    """By COPY, as CSV: an empty field is NULL, a quoted one is text."""
    from pyarrow import csv  # noqa: PLC0415

    name = connection.dialect.identifier_preparer.format_table(made)
    cursor: Any = connection.connection.cursor()
    with cursor, cursor.copy(f"COPY {name} FROM STDIN (FORMAT csv)") as copy:
        for batch in table.to_batches(max_chunksize=CHUNK):
            buffer = io.BytesIO()
            csv.write_csv(_writable(batch), buffer, csv.WriteOptions(include_header=False))
            copy.write(buffer.getbuffer())


def _writable(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The columns as CSV can hold them."""
    import pyarrow as pa  # noqa: PLC0415

    columns = []
    for column in batch.columns:
        kind = column.type
        if pa.types.is_decimal(kind) or pa.types.is_dictionary(kind):
            column = column.cast(pa.string())
        elif (
            pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)
        ):
            column = pa.array(
                [None if v is None else "\\x" + v.hex() for v in column.to_pylist()], pa.string()
            )
        elif pa.types.is_duration(kind):
            micros = column.cast(pa.duration("us")).cast(pa.int64()).to_pylist()
            column = pa.array([None if v is None else f"{v} microseconds" for v in micros], pa.string())
        elif pa.types.is_nested(kind):
            column = pa.array([None if v is None else json.dumps(v, default=str) for v in column.to_pylist()])
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _rows(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    import pyarrow as pa  # noqa: PLC0415

    columns = []
    for column in batch.columns:
        if pa.types.is_timestamp(
            column.type
        ):  # Python's have no nanoseconds, and not every database has zones
            column = column.cast(pa.timestamp("us", tz=column.type.tz), safe=False)
            column = (
                column.cast(pa.timestamp("us", tz="UTC")).cast(pa.timestamp("us"))
                if column.type.tz
                else column
            )
        values = column.to_pylist()
        if pa.types.is_nested(column.type):
            values = [None if value is None else json.dumps(value, default=str) for value in values]
        columns.append(values)
    return [dict(zip(batch.schema.names, row, strict=True)) for row in zip(*columns, strict=True)]


def _type(kind: pa.DataType, table: str, column: str) -> Any:
    """The database's type for one of Arrow's."""
    import pyarrow as pa  # noqa: PLC0415
    import sqlalchemy as sa  # noqa: PLC0415
    from sqlalchemy.dialects import mysql  # noqa: PLC0415

    is_ = pa.types
    if is_.is_dictionary(kind):
        return _type(kind.value_type, table, column)
    if is_.is_boolean(kind):
        return sa.Boolean()
    if is_.is_uint64(kind):
        return sa.Numeric(20, 0)
    if is_.is_integer(kind):
        return sa.BigInteger() if kind.bit_width == 64 or is_.is_uint32(kind) else sa.Integer()
    if is_.is_floating(kind):
        return sa.Double()
    if is_.is_decimal(kind):
        return sa.Numeric(kind.precision, kind.scale)
    if is_.is_timestamp(kind):
        with_zone = sa.DateTime(timezone=kind.tz is not None)
        return with_zone.with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    if is_.is_date(kind):
        return sa.Date()
    if is_.is_time(kind):
        return sa.Time()
    if is_.is_duration(kind):
        return sa.Interval()
    if is_.is_binary(kind) or is_.is_large_binary(kind) or is_.is_fixed_size_binary(kind):
        return sa.LargeBinary().with_variant(mysql.LONGBLOB(), "mysql", "mariadb")
    if (
        is_.is_string(kind)
        or is_.is_large_string(kind)
        or is_.is_string_view(kind)
        or is_.is_nested(kind)
        or is_.is_null(kind)
    ):
        return sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
    raise InvalidInput(
        f"The column {shown(column)} of the table {shown(table)} has the type {kind}, for which there is none in SQL.",
        hint="Convert it before: to text, numbers or timestamps.",
        field="tables",
    )
