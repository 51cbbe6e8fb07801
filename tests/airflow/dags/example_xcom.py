"""Values that tasks hand on, by name in a template and as arguments."""

from __future__ import annotations

from typing import Any

from studio import DAG, function


def push() -> list[int]:
    return [1, 2, 3]


def push_by_returning() -> dict[str, Any]:
    return {"a": "b", "deep": {"n": 7}}


def pull(**values: Any) -> dict[str, Any]:
    return values


with DAG("example_xcom"):
    pushed = function(push, task_id="push")
    returned = function(push_by_returning, task_id="push_by_returning")
    function(
        pull,
        task_id="puller",
        args={
            "one": "{{ ti.xcom_pull(task_ids='push') }}",
            "key": "{{ ti.xcom_pull(task_ids='push_by_returning', key='a') }}",
            "several": "{{ ti.xcom_pull(task_ids=['push', 'push_by_returning']) }}",
            "in_text": "first: {{ ti.xcom_pull('push')[0] }}",
            "outputs": "{{ outputs.push_by_returning.deep.n + 1 }}",
            "default": "{{ ti.xcom_pull(task_ids='nothing', default='none') }}",
            "part": returned.output["deep"],
        },
        after=[pushed, returned],
    )
    function(pull, task_id="typo", args={"x": "{{ ti.xcom_pull(task_ids='puhs') }}"}, after=pushed)
