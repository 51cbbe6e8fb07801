from __future__ import annotations

from studio.worker.job_queue import JobQueue
from studio.worker.messages import NOTHING, Job


def job(attempt_id: int, *priority: float) -> Job:
    return Job(attempt_id, "function", None, NOTHING, priority)


def drained(queue: JobQueue) -> list[int]:
    return [queue.take().attempt_id for _ in range(len(queue))]


def test_the_least_priority_comes_first_and_equals_in_order_of_arrival() -> None:
    queue = JobQueue()
    for each in (job(1, 5.0), job(2, 1.0, 9.0), job(3, 5.0), job(4, 1.0, 2.0), job(5)):
        queue.put(each)
    assert drained(queue) == [5, 4, 2, 1, 3]
    assert not queue


def test_what_is_put_back_comes_before_its_equals_only() -> None:
    queue = JobQueue()
    queue.put(job(1, 1.0))
    queue.put(job(2, 2.0))
    queue.put_back([job(3, 2.0), job(4, 2.0)])
    assert drained(queue) == [1, 3, 4, 2]


def test_what_is_removed_is_gone_and_may_come_again_at_the_end() -> None:
    queue = JobQueue()
    for attempt_id in (1, 2, 3):
        queue.put(job(attempt_id))
    assert queue.remove(1) and not queue.remove(1)
    assert 1 not in queue and 2 in queue and sorted(queue) == [2, 3]
    assert queue.first().attempt_id == 2
    queue.put(job(1))
    assert drained(queue) == [2, 3, 1]
