"""What follows on `latest_only` by another trigger rule runs in old runs, too."""

from __future__ import annotations

from studio import DAG, empty, latest_only

with DAG("example_latest_only_with_trigger", schedule="0 0 1 1 *", start_date="2022-01-01", catchup="all"):
    task1, task2, task3 = empty("task1"), empty("task2"), empty("task3")
    task4 = empty("task4", trigger_rule="all_done")
    latest_only() >> task1 >> [task3, task4]
    task2 >> [task3, task4]
