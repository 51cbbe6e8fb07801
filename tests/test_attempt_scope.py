from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import pytest

from studio.attempt_scope import AttemptScope, SeveralAttempts


def in_a_thread(call: Callable[[], Any]) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result()


def test_scope_is_that_of_the_code_inside_and_of_its_threads() -> None:
    scope: AttemptScope[str] = AttemptScope("test")
    with scope.entered("one"):
        assert (scope.get(), in_a_thread(scope.get)) == ("one", "one")
    assert (scope.get(), in_a_thread(scope.get)) == (None, None)


def test_thread_of_an_earlier_attempt_has_nothing_of_a_later_one() -> None:
    scope: AttemptScope[str] = AttemptScope("test")
    asked, answers = threading.Event(), []

    def outlives() -> None:
        asked.wait()
        answers.append(scope.get())

    with scope.entered("one"):
        thread = threading.Thread(target=outlives)
        thread.start()
    with scope.entered("two"):
        asked.set()
        thread.join()
    assert answers == [None]


def test_thread_of_one_of_several_attempts_has_to_say_which() -> None:
    scope: AttemptScope[str] = AttemptScope("test")

    def other() -> tuple[Any, Any]:
        with scope.entered("two"):
            context = copy_context()
            with pytest.raises(SeveralAttempts, match="copy_context"):
                in_a_thread(scope.get)
            return scope.get(), in_a_thread(lambda: context.run(scope.get))

    with scope.entered("one"):
        assert in_a_thread(other) == ("two", "two")
        assert scope.get() == "one"


def test_thread_that_may_be_of_an_ended_attempt_is_not_given_what_the_other_has() -> None:
    scope: AttemptScope[str] = AttemptScope("test")
    asked, refusals = threading.Event(), []

    def outlives() -> None:
        asked.wait()
        try:
            scope.get()
        except SeveralAttempts as error:
            refusals.append(error.code)

    first, second = scope.entered("one"), scope.entered("two")
    context = copy_context()
    first.__enter__()
    context.run(second.__enter__)
    thread = threading.Thread(target=outlives)
    thread.start()
    first.__exit__(None, None, None)
    asked.set()
    thread.join()
    context.run(second.__exit__, None, None, None)
    assert refusals == ["several_attempts"]
