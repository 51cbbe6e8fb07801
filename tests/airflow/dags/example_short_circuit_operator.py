"""A condition that holds, and one that does not."""

from __future__ import annotations

from studio import DAG, chain, empty, short_circuit


def holds(answer: bool) -> bool:
    return answer


with DAG("example_short_circuit_operator"):
    cond_true = short_circuit(holds, args={"answer": True}, task_id="condition_is_true")
    cond_false = short_circuit(holds, args={"answer": False}, task_id="condition_is_false")
    chain(cond_true, empty("true_1"), empty("true_2"))
    chain(cond_false, empty("false_1"), empty("false_2"))
