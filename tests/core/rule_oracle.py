"""The trigger rules once more, written from the reference's table and not from the code: each rule is a list of rows.

A row is a pair of a predicate over the list of upstream states and what it says; the first row that holds counts, and
no row means waiting. Nothing is counted and nothing is shared with `studio.core.rules`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

States = Sequence[str]
Row = tuple[Callable[[States], bool], str]

ENDED = {"success", "skipped", "failed", "upstream_failed", "cancelled", "removed"}
BAD = {
    "failed",
    "upstream_failed",
    "cancelled",
}  # "failed" of the table's rules all_* and none_failed*, one_failed


def some(*wanted: str) -> Callable[[States], bool]:
    return lambda states: any(state in wanted for state in states)


def only(*wanted: str) -> Callable[[States], bool]:
    return lambda states: all(state in wanted for state in states)


def ended(states: States) -> bool:
    return set(states) <= ENDED


def ended_without(*unwanted: str) -> Callable[[States], bool]:
    return lambda states: set(states) <= ENDED - set(unwanted)


def at_once(_: States) -> bool:
    return True


RUN, SKIP, FAIL = "scheduled", "skipped", "upstream_failed"

TABLE: dict[str, list[Row]] = {
    "all_success": [(some(*BAD), FAIL), (some("skipped"), SKIP), (only("success", "removed"), RUN)],
    "all_failed": [(some("success", "skipped"), SKIP), (only("removed", *BAD), RUN)],
    "all_done": [(ended, RUN)],
    "all_done_min_one_success": [
        (some("skipped"), SKIP),
        (ended_without("success"), FAIL),
        (ended, RUN),
    ],
    "all_done_setup_success": [(ended, RUN)],
    "all_skipped": [(some("success", *BAD), SKIP), (only("skipped"), RUN), (ended, SKIP)],
    "one_success": [(some("success"), RUN), (only("skipped"), SKIP), (ended, FAIL)],
    "one_failed": [(some(*BAD), RUN), (ended, SKIP)],
    "one_done": [(some("success", "failed"), RUN), (ended, SKIP)],
    "none_failed": [(some(*BAD), FAIL), (only("success", "skipped", "removed"), RUN)],
    "none_failed_min_one_success": [
        (some(*BAD), FAIL),
        (only("skipped"), SKIP),
        (ended_without("success"), FAIL),
        (ended, RUN),
    ],
    "none_skipped": [(some("skipped"), SKIP), (ended, RUN)],
    "always": [(at_once, RUN)],
}

#: Of the setups of a teardown whose upstream tasks are all done.
TEARDOWN: list[Row] = [
    (lambda states: not ended(states), "wait"),
    (only("removed"), RUN),  # no setup at all, or none that is left
    (some("success"), RUN),
    (only("skipped", "removed"), SKIP),
    (ended, FAIL),
]

#: Of the setups that a task works under.
UNDER_SETUPS: list[Row] = [
    (some(*BAD), FAIL),
    (some("skipped"), SKIP),
    (only("success", "removed"), RUN),
]


def expected(rule: str, states: States, setups: States | None = None) -> str:
    """The state's value that the rule leads to, or "wait"."""
    said = _first(TABLE[rule], states) if states else RUN
    if rule == "all_done_setup_success" and setups is not None and said == RUN:
        return _first(TEARDOWN, setups)
    return said


def expected_under_setups(setups: States) -> str:
    return _first(UNDER_SETUPS, setups)


def _first(rows: list[Row], states: States) -> str:
    return next((said for holds, said in rows if holds(states)), "wait")
