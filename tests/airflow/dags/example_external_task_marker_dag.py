"""Airflow's example_external_task_marker_dag: a child that waits for the parent's run of the same date, and its tasks.

A marker there clears the child along with the parent; here a clear is one command for each DAG.
"""

from __future__ import annotations

from studio import DAG, Asset, asset_sensor, dag_sensor, empty, task

with DAG("example_external_task_marker_parent", start_date="2021-01-01", tags=["example2"]):
    made = Asset("parent_data")

    @task(outlets=[made])
    def parent_task() -> str:
        return "done"

    parent_task()

with DAG("example_external_task_marker_child", start_date="2021-01-01", tags=["example2"]):
    child_task1 = dag_sensor(
        "example_external_task_marker_parent",
        tasks="parent_task",
        states=["success"],
        failed_states=["failed", "skipped"],
        timeout=600,
        task_id="child_task1",
    )
    whole = dag_sensor("example_external_task_marker_parent", timeout=600, task_id="whole_run")
    data = asset_sensor(made, since="1 h", timeout=600, task_id="data")
    [child_task1, whole, data] >> empty("child_task2")

with DAG("example_external_task_that_never_comes", start_date="2021-01-01"):
    dag_sensor("example_external_task_marker_parent", offset="-1 day", timeout=0.2, task_id="yesterday")
    dag_sensor(
        "example_external_task_marker_parent", offset="-1 day", timeout=0.2, soft_fail=True, task_id="softly"
    )
