"""Tables as parquet: pandas frames and series with their index, polars frames, arrow tables; types are kept."""

from __future__ import annotations

import json
from typing import Any, Final

from studio.values.kinds_of import Unfit, is_of, type_name
from studio.values.previews import MAX_COLUMNS, MAX_ROWS, cell_text, shortened

_FRAME, _SERIES = "pandas.DataFrame", "pandas.Series"
_POLARS, _ARROW = "polars.DataFrame", "pyarrow.Table"
_KINDS: Final = (_FRAME, _SERIES, _POLARS, _ARROW)
_OWN: Final = b"studio"  # key of the file's metadata
_MAX_SCHEMA: Final = 200  # columns that are described


def fits(value: object) -> bool:
    """Subclasses, which hold more than their table, are not taken for one."""
    return type_name(value) in _KINDS


def write(value: Any, path: str) -> None:
    """Raises `Unfit` for what parquet cannot hold: columns of mixed types, two columns of one name."""
    import pyarrow as pa  # noqa: PLC0415 - heavy, for tables only
    import pyarrow.parquet as pq  # noqa: PLC0415

    if type_name(value) == _POLARS:
        value.write_parquet(path)
        return
    try:
        table = value if type_name(value) == _ARROW else _arrow_of(value, pa)
        pq.write_table(table, path, compression="zstd")
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, ValueError, TypeError) as error:
        raise Unfit(str(error)) from error


def read(path: str, type: str) -> Any:
    """As it was, an index and its types included."""
    if type == _POLARS:
        import polars  # noqa: PLC0415 - likewise

        return polars.read_parquet(path)
    import pyarrow.parquet as pq  # noqa: PLC0415

    table = pq.read_table(path)
    if type == _ARROW:
        return table
    frame = table.to_pandas()
    told = json.loads((table.schema.metadata or {}).get(_OWN, b"{}"))
    if "freq" in told:
        frame.index.freq = told["freq"]
    if type == _SERIES:
        series = frame.iloc[:, 0]
        return series.rename(told.get("name")) if "name" in told else series
    return frame


def describe(value: Any) -> dict[str, Any]:
    """Columns with their types, and the first rows."""
    kind = type_name(value)
    frame = value.to_frame() if kind == _SERIES else value
    columns, index = _columns(frame, kind), _index(frame) if is_of(frame, _FRAME) else []
    rows = len(frame) if kind != _ARROW else frame.num_rows
    shown = [*index, *columns][:MAX_COLUMNS]
    return {
        "type": kind,
        "schema": {
            "columns": [{"name": name, "type": kept} for name, kept in columns[:_MAX_SCHEMA]],
            "index": [{"name": name, "type": kept} for name, kept in index],
            "rows": rows,
        },
        "preview": {
            "kind": "table",
            "columns": [shortened(name) for name, _ in shown],
            "types": [kept for _, kept in shown],
            "rows": _rows(frame, kind, len(shown)),
            "total": [rows, len(columns)],
        },
    }


def _arrow_of(value: Any, pa: Any) -> Any:
    """Of pandas. What arrow does not keep of it stands in the metadata: a series' name, the frequency of an index."""
    told: dict[str, Any] = {}
    frame = value
    if type_name(value) == _SERIES:
        told["name"] = name = value.name
        if name is not None and not isinstance(name, str):
            raise Unfit("the series has a name that is no text")
        frame = value.to_frame("values" if name is None else name)
    elif not len(value.columns):
        raise Unfit("a frame without columns has rows, a file has not")
    frequency = getattr(frame.index, "freqstr", None)
    if frequency is not None and not is_of(frame.index, "pandas.PeriodIndex"):
        told["freq"] = frequency
    table = pa.Table.from_pandas(frame)
    if not told:
        return table
    return table.replace_schema_metadata({**table.schema.metadata, _OWN: json.dumps(told).encode()})


def _columns(frame: Any, kind: str) -> list[tuple[str, str]]:
    if kind == _ARROW:
        return [(each.name, str(each.type)) for each in frame.schema]
    return [(str(name), str(kept)) for name, kept in zip(frame.columns, frame.dtypes, strict=True)]


def _index(frame: Any) -> list[tuple[str, str]]:
    """Of a pandas frame; none if its rows are only counted."""
    index = frame.index
    if is_of(index, "pandas.RangeIndex") and index.name is None:
        return []
    levels = index.levels if is_of(index, "pandas.MultiIndex") else [index]
    names = [f"({number})" if name is None else str(name) for number, name in enumerate(index.names)]
    return [(name, str(level.dtype)) for name, level in zip(names, levels, strict=True)]


def _rows(frame: Any, kind: str, width: int) -> list[list[str | None]]:
    if kind == _ARROW:
        head = frame.slice(0, MAX_ROWS)
        columns = [head.column(place).to_pylist() for place in range(min(width, head.num_columns))]
        return [[cell_text(cell) for cell in row] for row in zip(*columns, strict=True)]
    if kind == _POLARS:
        return [[cell_text(cell) for cell in row[:width]] for row in frame.head(MAX_ROWS).rows()]
    has_index = bool(_index(frame))
    rows = frame.head(MAX_ROWS).itertuples(index=has_index, name=None)
    return [[cell_text(cell) for cell in (_flat(row) if has_index else row)[:width]] for row in rows]


def _flat(row: tuple[Any, ...]) -> list[Any]:
    """With the levels of its index side by side."""
    first, *rest = row
    return [*(first if isinstance(first, tuple) else (first,)), *rest]
