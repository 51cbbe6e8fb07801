"""Jobs that wait: the most urgent first, in order of arrival among equals."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from itertools import count

from studio.worker.messages import Job


class JobQueue:
    """By attempt id. Whatever it does takes logarithmic time, so a queue of 10,000 is no burden."""

    def __init__(self) -> None:
        self._jobs: dict[int, tuple[Job, int]] = {}  # attempt → job, arrival
        self._heap: list[
            tuple[tuple[float, ...], int, int]
        ] = []  # priority, arrival, attempt; also of removed ones
        self._arrivals = count()
        self._earlier = count(-1, -1)

    def __bool__(self) -> bool:
        return bool(self._jobs)

    def __len__(self) -> int:
        return len(self._jobs)

    def __contains__(self, attempt_id: int) -> bool:
        return attempt_id in self._jobs

    def __iter__(self) -> Iterator[int]:
        """The attempts, in no particular order."""
        return iter(list(self._jobs))

    def put(self, job: Job) -> None:
        """At the end of those that are as urgent."""
        self._add(job, next(self._arrivals))

    def put_back(self, jobs: Iterable[Job]) -> None:
        """Before those that are as urgent, in this order."""
        for job in reversed(list(jobs)):
            self._add(job, next(self._earlier))

    def first(self) -> Job:
        """The most urgent one, which stays. Raises `IndexError` if there is none."""
        while True:
            _, arrival, attempt_id = self._heap[0]
            held = self._jobs.get(attempt_id)
            if held is not None and held[1] == arrival:
                return held[0]
            heapq.heappop(self._heap)

    def take(self) -> Job:
        """The most urgent one. Raises `IndexError` if there is none."""
        job = self.first()
        heapq.heappop(self._heap)
        del self._jobs[job.attempt_id]
        return job

    def remove(self, attempt_id: int) -> bool:
        """Whether it was there."""
        return self._jobs.pop(attempt_id, None) is not None

    def clear(self) -> None:
        self._jobs.clear()
        self._heap.clear()

    def _add(self, job: Job, arrival: int) -> None:
        self._jobs[job.attempt_id] = (job, arrival)
        heapq.heappush(self._heap, (job.priority, arrival, job.attempt_id))
