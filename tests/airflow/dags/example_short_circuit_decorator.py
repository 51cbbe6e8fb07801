"""What a false condition skips: everything after it, or what comes next only."""

from __future__ import annotations

from studio import DAG, chain, empty, task


@task.short_circuit
def check_condition(condition: bool) -> bool:
    return condition


with DAG("example_short_circuit_decorator"):
    passes = check_condition.override(task_id="condition_is_true")(True)
    stops = check_condition.override(task_id="condition_is_false")(False)
    chain(passes, empty("true_1"), empty("true_2"))
    chain(stops, empty("false_1"), empty("false_2", trigger_rule="all_done"))

    task_1, task_2, task_3, task_4, task_5, task_6 = (empty(f"task_{n}") for n in range(1, 7))
    task_7 = empty("task_7", trigger_rule="all_done")
    short = check_condition.override(task_id="short_circuit", skip_all=False)(False)
    chain(task_1, [task_2, short], [task_3, task_4], [task_5, task_6], task_7)
