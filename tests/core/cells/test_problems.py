"""Every problem of a flow: what is said, where, and what to do."""

from __future__ import annotations

import pytest

from studio.core.cells.problems import Problem

from .test_flow import flow

FRAME = "%dag d"


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("%%task a\nprint(1)",),
         Problem("no_dag", "No cell says which DAG the tasks belong to.",
                 "Write a cell with `%dag NAME`, for example `%dag flights --schedule @daily`.")),
        ((FRAME, "x\n%dag e"),
         Problem("two_dags", "The notebook has a second %dag; the DAG is 'd'.",
                 "A notebook holds one DAG: take one of them out.", 1, 2)),
        ((FRAME, "%%task a\nflights = 1", "%%task b\n\nprint(flihts)"),
         Problem("unknown_name", "'b' reads 'flihts', which nobody gives.", "Did you mean 'flights'?", 2, 3)),
        ((FRAME, "rows = 3", "%%task a\nprint(rows)"),
         Problem("unknown_name", "'a' reads 'rows', which nobody gives.",
                 "Cell 2 gives it, but is no part of the DAG: mark it with %%setup or %%task.", 2, 2)),
        ((FRAME, "%%task a\nprint(q)"),
         Problem("unknown_name", "'a' reads 'q', which nobody gives.",
                 "Define it in a %%setup cell, in a task above, or in %%params.", 1, 2)),
        ((FRAME, "%%task a\nprint(late)", "%%task b\nlate = 1"),
         Problem("given_below", "'a' reads 'late', which only 'b' gives, further down.",
                 "Move the cell of 'b' above this one.", 1, 2)),
        ((FRAME, "%%task a\nx = 1", "%%task b\nx = 2", "%%task c\nprint(x)"),
         Problem("given_twice", "'a' and 'b' both give 'x'; 'c' gets that of 'b', the last one above it.",
                 "If that is not meant, use two names.", 3, 2, "warning")),
        ((FRAME, "%%task a --after b\nx = 1", "%%task b\nprint(x)"),
         Problem("cycle", "The tasks wait for each other: a → b → a.", "Take one --after out.", 1, 1)),
        ((FRAME, "%%task a\nimport numpy as np", "%%task b\nnp.zeros(1)"),
         Problem("module_passed", "'np' is imported in the task 'a'; a module is not passed on to other tasks.",
                 "Put the import into a %%setup cell, which every task gets.", 2, 2)),
        ((FRAME, "%%task a\ndef f(): pass", "%%task b\nf()"),
         Problem("function_passed", "'f' is defined in the task 'a'; a function is not passed on to other tasks.",
                 "Put the function into a %%setup cell, which every task gets.", 2, 2)),
        ((FRAME, "%%task a\nclass C: pass", "%%task b\nC()"),
         Problem("class_passed", "'C' is defined in the task 'a'; a class is not passed on to other tasks.",
                 "Put the class into a %%setup cell, which every task gets.", 2, 2)),
        ((FRAME, "%%task a\nx = 1", "%%task b\ndel x", "%%task c\nprint(x)"),
         Problem("deleted", "'x' was deleted by 'b' above.", "Take the `del` out.", 3, 2)),
        ((FRAME, "%%task a --after bb\nx = 1", "%%task b\npass"),
         Problem("unknown_task", "'a' waits for 'bb', which is no task here.", "Did you mean 'b'?", 1, 1)),
        ((FRAME, "%%task a --after a\nx = 1"),
         Problem("unknown_task", "'a' waits for 'a', which is no other task here.", "", 1, 1)),
        ((FRAME, "%%task a\nx = 1", "%%task a\nx = 2"),
         Problem("task_twice", "Two cells are the task 'a'.", "Give one of them another name.", 2, 1)),
        ((FRAME, "%%setup\ntable = load(1)"),
         Problem("setup_reads", "%%setup reads 'load', which no %%setup cell above gives.",
                 "Define or import it in a %%setup cell above.", 1, 2)),
        ((FRAME, "%%params\nn = 1", "%%setup\nm = n"),
         Problem("setup_reads", "%%setup reads 'n', which only the tasks of a run have.",
                 "Give it to a function as an argument, or compute it in a %%task cell.", 2, 2)),
        ((FRAME, "%%params\nn = f(1)"),
         Problem("param_not_literal", "The value of 'n' is no literal: `f(1)`.",
                 "Numbers, text, lists, dicts, True, False and None can stand there; compute in a %%task cell.", 1, 2)),
        ((FRAME, "%%params\nn = 1\nprint(n)"),
         Problem("param_not_literal", "`print(n)` is no param: write `name = value`.",
                 "Numbers, text, lists, dicts, True, False and None can stand there; compute in a %%task cell.", 1, 3)),
        ((FRAME, "%%task a\nx = (1\n"),
         Problem("syntax_error", "The cell is no Python: '(' was never closed.", "", 1, 2)),
        ((FRAME, "%%task a --map zone=zones\nprint(zone)"),
         Problem("unknown_name", "'a' reads 'zones', which nobody gives.",
                 "Define it in a %%setup cell, in a task above, or in %%params.", 1, 1)),
    ],
)  # fmt: skip
def test_problem(cells: tuple[str, ...], expected: Problem) -> None:
    assert flow(*cells).problems == (expected,)


def test_names_of_python_are_free_unless_a_task_gives_others() -> None:
    found = flow(FRAME, "%%task a\nmax = 3", "%%task b\nprint(max, min, __name__)")
    assert (found.problems, found.tasks[1].upstream) == ((), ("a",))


def test_module_of_setup_is_not_changed_by_a_call() -> None:
    found = flow(
        FRAME,
        "%%setup\nimport random",
        "%%task a\ncards = [1]\nrandom.shuffle(cards)",
        "%%task b\nrandom.random()",
    )
    assert (found.problems, found.tasks[1].upstream) == ((), ())


def test_import_that_setup_has_too_is_no_problem() -> None:
    found = flow(
        FRAME, "%%setup\nimport numpy as np", "%%task a\nimport numpy as np", "%%task b\nnp.zeros(1)"
    )
    assert (found.problems, found.tasks[1].upstream) == ((), ())


def test_what_is_bound_on_some_ways_only_is_no_unknown_name() -> None:
    found = flow(FRAME, "%%task a\nfor i in range(3):\n    pass\nprint(i)")
    assert found.problems == ()


def test_conditional_version_gives_on_the_earlier_one() -> None:
    found = flow(FRAME, "%%task a\nx = 1", "%%task b\nif len('a'):\n    x = 2", "%%task c\nprint(x)")
    assert [(task.id, task.upstream) for task in found.tasks] == [("a", ()), ("b", ("a",)), ("c", ("b",))]


def test_conditional_name_that_nobody_reads_makes_nobody_wait() -> None:
    found = flow(FRAME, "%%task a\nfor i in 'ab':\n    pass", "%%task b\nfor i in 'ab':\n    pass")
    assert [task.upstream for task in found.tasks] == [(), ()]


def test_mapped_variable_is_given_by_the_map() -> None:
    found = flow(FRAME, "%%task a\ndays = [1, 2]", "%%task b --map day=days\nx = day", "%%task c\nprint(x)")
    assert found.problems == ()
    assert (found.tasks[1].maps, found.tasks[1].upstream, found.tasks[2].upstream) == (
        (("day", "days"),),
        ("a",),
        ("b",),
    )


def test_names_that_cannot_be_seen_are_said() -> None:
    found = flow(
        FRAME, "%%task a --gives table\nexec('table = 1')", "%%task b --needs table\nexec('print(table)')"
    )
    assert [task.upstream for task in found.tasks] == [(), ("a",)]
    assert {problem.code for problem in found.problems} == {"hidden_names"}


SETUP = (
    "%%setup\nlimit = 10\ndef keep(rows):\n    return rows[:limit]\ndef mark(rows):\n    rows.append(limit)"
)


def test_function_of_setup_reads_the_version_of_a_task_above() -> None:
    found = flow(FRAME, SETUP, "%%task a\nlimit = 2", "%%task b\nkeep([1, 2, 3])", "%%task c\nprint(keep)")
    assert [task.upstream for task in found.tasks] == [(), ("a",), ("a",)]
    assert found.tasks[0].gives == ("limit",)


def test_function_of_setup_changes_what_it_is_called_with() -> None:
    found = flow(FRAME, SETUP, "%%task a\nxs = [1]", "%%task b\nmark(xs)", "%%task c\nprint(xs)")
    assert (found.problems, [task.upstream for task in found.tasks]) == ((), [(), ("a",), ("b",)])


def test_what_functions_of_setup_change_of_setup_each_task_has_for_itself() -> None:
    memory = "%%setup\nseen = {}\ndef load(day):\n    seen[day] = 1\n    return seen[day]"
    found = flow(FRAME, memory, "%%task a\nx = load(1)", "%%task b\ny = load(2)")
    assert (found.problems, [task.upstream for task in found.tasks]) == ((), [(), ()])


def test_function_of_setup_that_a_task_defines_anew_is_the_task_s_own() -> None:
    found = flow(FRAME, SETUP, "%%task a\nlimit = 2", "%%task b\ndef keep(rows): pass\nkeep([])")
    assert (found.problems, found.tasks[1].upstream) == ((), ())
