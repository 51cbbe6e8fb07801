"""Values as arguments."""

from __future__ import annotations

from studio import DAG, Fail, Skip, task


@task
def generate_value() -> str:
    return "Bring me a shrubbery!"


@task
def print_value(value: str, ts: str) -> list[str]:
    return [value, ts]


@task
def no_value(how: str) -> str:
    if how == "skip":
        raise Skip("no value")
    raise Fail("no value")


@task(trigger_rule="all_done")
def join(values: list[str | None], one: str | None) -> list[str | None]:
    return [*values, one]


@task(trigger_rule="all_done")
def part(value: str) -> str:
    return value


with DAG("example_xcom_args"):
    print_value(generate_value(), "{{ ds }}")

with DAG("example_xcom_args_without_values"):
    skipped, failed = no_value("skip"), no_value.override(task_id="failed")("fail")
    join([generate_value(), skipped], failed)
    part(skipped.output["key"])
