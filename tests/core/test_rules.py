"""Every rule over every combination of up to four upstream states, against an oracle of another form."""

from __future__ import annotations

from itertools import combinations_with_replacement, product
from typing import get_args

import pytest

from studio.core.rules import RULES, UpstreamCounts, Verdict, judge, judge_setups
from studio.core.spec import TriggerRule
from studio.core.states import TERMINAL, TaskState
from tests.core.rule_oracle import TABLE, expected, expected_under_setups

States = tuple[TaskState, ...]

EVERY: list[States] = [states for n in range(5) for states in combinations_with_replacement(TaskState, n)]
#: One state that is not terminal stands for all of them.
OUTCOMES = [state for state in TaskState if state in TERMINAL] + [TaskState.RUNNING]
FEW: list[States] = [states for n in range(5) for states in combinations_with_replacement(OUTCOMES, n)]


def counted(states: States) -> UpstreamCounts:
    counts = UpstreamCounts(len(states))
    for state in states:
        counts.add(state)
    return counts


def said(verdict: Verdict) -> str:
    return "wait" if verdict is None else verdict.value


def test_the_rules_are_those_of_the_spec_and_of_the_reference() -> None:
    assert set(RULES) == set(get_args(TriggerRule)) == set(TABLE)
    assert len(RULES) == 13


@pytest.mark.parametrize("rule", RULES)
def test_rule_says_what_the_reference_says(rule: str) -> None:
    wrong = [
        (states, verdict)
        for states in EVERY
        if (verdict := said(judge(rule, counted(states)))) != expected(rule, states)
    ]
    assert wrong == []


def test_teardown_asks_its_setups_too() -> None:
    wrong = [
        (states, setups, verdict)
        for states, setups in product(FEW, FEW)
        if (verdict := said(judge("all_done_setup_success", counted(states), counted(setups))))
        != expected("all_done_setup_success", states, setups)
    ]
    assert wrong == []


@pytest.mark.parametrize("rule", sorted(set(RULES) - {"all_done_setup_success"}))
def test_other_rules_do_not_look_at_setups(rule: str) -> None:
    failed = counted((TaskState.FAILED,))
    assert all(judge(rule, counted(states), failed) is judge(rule, counted(states)) for states in FEW)


def test_setups_that_a_task_works_under_must_all_have_succeeded() -> None:
    wrong = [
        (states, verdict)
        for states in EVERY
        if (verdict := said(judge_setups(counted(states)))) != expected_under_setups(states)
    ]
    assert wrong == []


@pytest.mark.parametrize("rule", RULES)
def test_rule_never_waits_when_everything_upstream_is_done(rule: str) -> None:
    done = [states for states in EVERY if set(states) <= TERMINAL]
    assert [states for states in done if judge(rule, counted(states)) is None] == []


def test_setups_never_let_wait_when_all_are_done() -> None:
    done = [states for states in EVERY if set(states) <= TERMINAL]
    nothing = UpstreamCounts(0)
    assert [
        states for states in done if judge("all_done_setup_success", nothing, counted(states)) is None
    ] == []
    assert [states for states in done if judge_setups(counted(states)) is None] == []


@pytest.mark.parametrize("rule", RULES)
def test_equal_signatures_mean_equal_verdicts(rule: str) -> None:
    by_signature: dict[int, set[Verdict]] = {}
    for states in EVERY[1:]:
        counts = counted(states)
        by_signature.setdefault(counts.signature, set()).add(judge(rule, counts))
    assert {signature: found for signature, found in by_signature.items() if len(found) > 1} == {}


def test_equal_signatures_mean_equal_verdicts_on_setups() -> None:
    for judged in (judge_setups, lambda setups: judge("all_done_setup_success", UpstreamCounts(0), setups)):
        by_signature: dict[int, set[Verdict]] = {}
        for states in EVERY[1:]:
            counts = counted(states)
            by_signature.setdefault(counts.signature, set()).add(judged(counts))
        assert {signature: found for signature, found in by_signature.items() if len(found) > 1} == {}


def test_counts_go_back_when_a_task_is_cleared_and_add_up() -> None:
    counts = counted((TaskState.SUCCESS, TaskState.FAILED, TaskState.RUNNING))
    assert (counts.done, counts.unsuccessful) == (2, 1)
    counts.add(TaskState.FAILED, -1)
    assert counts == UpstreamCounts(3, success=1)
    counts.include(UpstreamCounts(4, success=1, skipped=1, cancelled=1, removed=1))
    assert counts == UpstreamCounts(7, success=2, skipped=1, cancelled=1, removed=1)


def test_signature_stays_while_nothing_can_change() -> None:
    counts = UpstreamCounts(1000, success=1)
    first = counts.signature
    counts.add(TaskState.SUCCESS, 500)
    assert counts.signature == first
    counts.add(TaskState.SUCCESS, 499)
    assert counts.signature != first
