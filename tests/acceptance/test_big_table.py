"""A million rows through four tasks: nothing of the table is lost, and none of it passes through the server."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.big_table import ROWS, passed, pipeline
from tests.acceptance.conftest import RealStudio

from ..databases import empty_postgresql

__all__ = ["empty_postgresql"]

pytestmark = pytest.mark.acceptance

#: Megabytes. The table has some 50 in memory, 20 as parquet; a second run brings no new code into the server.
ALLOWED_GROWTH = 5.0


def test_a_table_passes_through_tasks_of_every_kind(
    real_studio: RealStudio, empty_postgresql: str, tmp_path: Path
) -> None:
    with real_studio.start() as client:
        assert real_studio.endpoint is not None
        found = passed(client, real_studio.endpoint.pid, pipeline(tmp_path, empty_postgresql))
    key = range(ROWS)
    assert found.checked == {
        "rows": ROWS,
        "index": ["key", 0, ROWS - 1, True],
        "types": {
            "n": "int64", "x": "float64", "origin": "str", "at": "datetime64[us, UTC]", "is_late": "bool",
            "delay": "Int64",
        },
        "sums": [
            sum(3 * k + 1 for k in key),
            sum((k if k % 5 else -1) for k in key if k % 10),
            sum(k % 3 == 0 for k in key),
        ],
        "missing": ROWS // 10,
        "last": ["2013-01-12 13:46:39+00:00", "Zürich"],
    }  # fmt: skip
    before, after = found.server
    assert after - before < ALLOWED_GROWTH, (before, after)
