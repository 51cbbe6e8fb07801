"""Names of the run's context that a cell may use without anybody giving them, as in templates."""

from __future__ import annotations

from typing import Final

CONTEXT_NAMES: Final = frozenset({
    "dag_id", "data_interval_end", "data_interval_start", "ds", "ds_nodash", "logical_date", "map_index", "params",
    "run_after", "run_id", "run_type", "task_id", "triggered_by", "try_number", "ts", "ts_nodash",
    "ts_nodash_with_tz",
})  # fmt: skip
