"""Sensors that find what they look for, and sensors that do not."""

from __future__ import annotations

from pathlib import Path

from studio import DAG, empty, function, sensor, wait


def is_there(file: str) -> bool:
    return Path(file).exists()


def touch(file: str) -> None:
    Path(file).touch()


def always() -> bool:
    return True


def never() -> bool:
    return False


def third_look(look: int) -> str | None:
    return f"found at look {look + 1}" if look == 2 else None


FILE = "{{ params.folder }}/sensed"

with DAG("example_sensors", params={"folder": ""}):
    found = [
        wait(0.2, task_id="wait_some_seconds"),
        wait(time="00:00", task_id="fire_immediately"),
        wait(at="2020-01-01", task_id="wait_for_a_date_gone_by"),
        sensor(always, task_id="success_sensor_python", poke_interval=0.1),
        sensor(
            third_look,
            args={"look": "{{ task_reschedule_count }}"},
            task_id="reschedule",
            mode="reschedule",
            poke_interval=0.1,
        ),
    ]
    made = function(touch, args={"file": FILE}, task_id="make_file")
    file = sensor(is_there, args={"file": FILE}, task_id="wait_for_file", mode="poke", poke_interval=0.05)
    soft = [
        sensor(never, task_id="soft_poke", poke_interval=0.05, timeout=0.1, soft_fail=True),
        sensor(
            never,
            task_id="soft_reschedule",
            mode="reschedule",
            poke_interval=0.1,
            timeout=0.1,
            soft_fail=True,
        ),
    ]
    soft >> empty("after_soft")
    [*found, file, *soft] >> empty("all_complete", trigger_rule="all_done")

with DAG("example_sensors_that_fail"):
    sensor(never, task_id="poke", poke_interval=0.05, timeout=0.1, retries=3, retry_delay=0.1) >> empty(
        "next"
    )
    sensor(
        never, task_id="look", mode="reschedule", poke_interval=0.1, timeout=0.1, retries=3, retry_delay=0.1
    )
