"""Objects of each library, there and back, with their types."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from studio.values.attempt import AttemptValues


@pytest.fixture
def described() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def values(tmp_path: Path, described: list[dict[str, Any]]) -> AttemptValues:
    return AttemptValues(str(tmp_path), described.append)


TIMES = pd.date_range("2013-01-01", periods=3, tz="Europe/Berlin")
FRAMES = {
    "types": pd.DataFrame(
        {
            "n": [1, 2, 3],
            "x": [0.5, None, 1.5],
            "flag": [True, False, True],
            "maybe": pd.array([1, None, 3], dtype="Int64"),
            "truth": pd.array([True, None, False], dtype="boolean"),
            "text": ["ö", None, ""],
            "at": TIMES,
            "naive": TIMES.tz_localize(None),
            "took": pd.to_timedelta([1, 2, None], unit="s"),
            "kind": pd.Categorical(["b", "a", "b"], categories=["a", "b"], ordered=True),
            "raw": [b"\xff", b"", None],
        }
    ),
    "index": pd.DataFrame({"x": [1, 2]}, index=pd.Index(["a", "b"], name="key")),
    "times as index": pd.DataFrame({"x": [1, 2, 3]}, index=pd.DatetimeIndex(TIMES, name="at")),
    "several indexes": pd.DataFrame(
        {"x": [1, 2, 3]}, index=pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)], names=["k", None])
    ),
    "numbered from 5": pd.DataFrame({"x": [1, 2]}, index=pd.RangeIndex(5, 7)),
    "numbers as columns": pd.DataFrame({0: [1], 1: [2]}),
    "no rows": pd.DataFrame({"n": pd.array([], dtype="int64"), "at": TIMES[:0]}),
    "no columns": pd.DataFrame(index=pd.RangeIndex(3)),
    "one name twice": pd.DataFrame([[1, 2]], columns=["a", "a"]),
    "mixed": pd.DataFrame({"x": [1, "a", {2}]}),
}


@pytest.mark.parametrize("name", FRAMES)
def test_pandas_frames_keep_index_and_types(values: AttemptValues, name: str) -> None:
    frame = FRAMES[name]
    pd.testing.assert_frame_equal(values.restored(values.kept(frame)), frame)


@pytest.mark.parametrize(
    "series",
    [pd.Series([1, 2], name="n"), pd.Series(TIMES), pd.Series(["a"], index=pd.Index([3], name="k"), name=7)],
    ids=["named", "without a name", "a number as name"],
)
def test_pandas_series(values: AttemptValues, series: Any) -> None:
    pd.testing.assert_series_equal(values.restored(values.kept(series)), series)


@pytest.mark.parametrize(
    "index",
    [
        pd.date_range("2013-01-01", periods=3, freq="D"),
        pd.date_range("2013-01-01", periods=3, freq="h", tz="America/New_York", name="at"),
        pd.date_range("2013-01-31", periods=4, freq="ME"),
        pd.timedelta_range("1 day", periods=3, freq="6h"),
        pd.period_range("2013-01", periods=3, freq="M"),
        pd.DatetimeIndex(["2013-01-01", "2013-01-05"]),
        pd.date_range("2013-01-01", periods=0, freq="D"),
    ],
    ids=["days", "hours", "months", "timedeltas", "periods", "irregular", "empty"],
)
def test_index_of_times_keeps_its_frequency(values: AttemptValues, index: pd.Index[Any]) -> None:
    frame = pd.DataFrame({"n": range(len(index))}, index=index)
    found = values.restored(values.kept(frame))
    pd.testing.assert_frame_equal(found, frame)
    series = values.restored(values.kept(frame["n"]))
    assert getattr(series.index, "freqstr", None) == getattr(index, "freqstr", None)


def test_polars_frames(values: AttemptValues) -> None:
    frame = pl.DataFrame({"n": [1, None], "text": ["ö", "b"], "list": [[1], [2, 3]]}).with_columns(
        pl.col("text").cast(pl.Categorical).alias("kind")
    )
    restored = values.restored(values.kept(frame))
    assert restored.equals(frame) and restored.schema == frame.schema


def test_arrow_tables(values: AttemptValues) -> None:
    table = pa.table({"n": pa.array([1, None], pa.int16()), "text": pa.array(["a", "b"]).dictionary_encode()})
    restored = values.restored(values.kept(table))
    assert restored.equals(table) and restored.schema == table.schema


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=">i2").reshape(2, 3),
        np.array(5.0),
        np.zeros((0, 4), dtype=bool),
        np.array([("a", 1)], dtype=[("name", "U1"), ("n", "i4")]),
        np.array(["2013-01-01"], dtype="datetime64[D]"),
        np.array([{1}, "x"], dtype=object),
    ],
    ids=["big-endian", "no dimension", "empty", "structured", "dates", "objects"],
)
def test_arrays(values: AttemptValues, array: Any) -> None:
    restored = values.restored(values.kept(array))
    assert restored.dtype == array.dtype and restored.shape == array.shape
    np.testing.assert_array_equal(restored, array)


def test_figures_become_pictures(values: AttemptValues, described: list[dict[str, Any]]) -> None:
    figure, axes = plt.subplots(figsize=(4, 3))
    axes.plot([1, 2])
    try:
        picture = values.restored(values.kept(figure))
    finally:
        plt.close(figure)
    assert picture.size == (described[0]["preview"]["width"], described[0]["preview"]["height"])
    assert described[0]["format"] == "png" and described[0]["preview"]["kind"] == "image"


def test_a_table_is_described_by_its_first_rows(
    values: AttemptValues, described: list[dict[str, Any]]
) -> None:
    frame = pd.DataFrame({"at": TIMES, "x": [0.5, None, 1 / 3]}, index=pd.Index(["a", "b", "c"], name="key"))
    values.kept(frame)
    told = described[0]
    assert {key: told[key] for key in ("name", "format", "type", "schema", "preview")} == {
        "name": "return_value",
        "format": "parquet",
        "type": "pandas.DataFrame",
        "schema": {
            "columns": [
                {"name": "at", "type": str(frame["at"].dtype)},
                {"name": "x", "type": "float64"},
            ],
            "index": [{"name": "key", "type": str(frame.index.dtype)}],
            "rows": 3,
        },
        "preview": {
            "kind": "table",
            "columns": ["key", "at", "x"],
            "types": [str(frame.index.dtype), str(frame["at"].dtype), "float64"],
            "rows": [
                ["a", "2013-01-01 00:00:00+01:00", "0.5"],
                ["b", "2013-01-02 00:00:00+01:00", None],
                ["c", "2013-01-03 00:00:00+01:00", "0.333333"],
            ],
            "total": [3, 2],
        },
    }


class Odd:
    def __repr__(self) -> str:
        raise RuntimeError("no")


def test_an_object_that_cannot_be_shown_is_kept_all_the_same(
    values: AttemptValues, described: list[dict[str, Any]]
) -> None:
    assert isinstance(values.restored(values.kept(Odd())), Odd)
    assert described[0]["preview"]["text"] == "(its repr raises RuntimeError: no)"
