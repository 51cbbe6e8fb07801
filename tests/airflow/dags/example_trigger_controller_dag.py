"""Airflow's example_trigger_controller_dag and example_trigger_target_dag, with a controller that waits besides."""

from __future__ import annotations

from datetime import datetime, timezone

import studio
from studio import DAG, task, trigger_dag

with DAG("example_trigger_controller_dag", start_date="2021-01-01", schedule="@once", tags=["example"]):
    trigger_dag(
        "example_trigger_target_dag",
        params={"message": "Hello World"},
        task_id="test_trigger_dagrun",
    )

with DAG("example_trigger_target_dag", params={"message": ""}, tags=["example"]):

    @task(task_id="run_this")
    def run_this_func(message: str) -> str:
        """Say what was passed on."""
        return f"Remotely received value of {message} for key=message"

    @task
    def fail_if(message: str) -> None:
        if message == "fail":
            raise studio.Fail("as asked for")

    run_this_func("{{ params.message }}") >> fail_if("{{ params.message }}")

with DAG("example_trigger_that_waits", params={"message": "hello"}):

    @task
    def choose() -> dict[str, str]:
        return {"message": f"{datetime(2024, 2, 1, tzinfo=timezone.utc):%B}"}

    waited = trigger_dag(
        "example_trigger_target_dag",
        params={"message": choose().output["message"]},
        logical_date="{{ logical_date }}",
        wait=True,
        task_id="wait_for_it",
    )

    @task
    def tell(made: dict[str, str]) -> str:
        return made["run_id"]

    tell(waited.output)
    trigger_dag(
        "example_trigger_target_dag",
        params={"message": "{{ params.message }}"},
        wait=True,
        task_id="may_fail",
    )

with DAG("example_trigger_of_many"):
    trigger_dag("example_trigger_target_dag", wait=True, task_id="each").expand(
        params=[{"message": "a"}, {"message": "b"}]
    )
