"""A sensor made of a function: what it finds is its value."""

from __future__ import annotations

from studio import DAG, task


@task.sensor(poke_interval=0.1, timeout=60, mode="reschedule")
def wait_for_upstream(look: int) -> dict[str, str] | None:
    return None if look == 0 else {"xcom_value": "found"}


@task
def use(value: str) -> str:
    return f"used {value}"


with DAG("example_sensor_decorator"):
    use(wait_for_upstream("{{ task_reschedule_count }}").output["xcom_value"])
