"""Something that is only of use in the newest run."""

from __future__ import annotations

from studio import DAG, empty, latest_only

with DAG("example_latest_only", schedule="0 0 1 1 *", start_date="2022-01-01", catchup="all"):
    latest_only() >> empty("task1")
