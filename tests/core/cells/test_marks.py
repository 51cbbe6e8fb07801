from __future__ import annotations

import pytest

from studio.core.cells.marks import read_cell


def test_task_with_all_kinds_of_options() -> None:
    cell = read_cell(
        "\n%%task clean --after a,b --retries=2 --retry-delay '5 min' --map day=days --map k=ks --cache --pool big"
        "\nx = 1",
        3,
    )
    assert (cell.kind, cell.name, cell.index, cell.problems) == ("task", "clean", 3, ())
    assert cell.options == {
        "after": ("a", "b"),
        "retries": 2,
        "retry_delay": "5 min",
        "map": (("day", "days"), ("k", "ks")),
        "cache": True,
        "pool": "big",
    }
    assert (cell.body, cell.body_line, cell.source.split("\n")[cell.body_line - 1]) == ("x = 1", 3, "x = 1")


def test_cache_may_say_for_how_long() -> None:
    assert read_cell("%%task a --cache 7d").options == {"cache": "7d"}
    assert read_cell("%%task a --cache='2 h' --retries 1").options == {"cache": "2 h", "retries": 1}


def test_dag_is_a_line_among_others() -> None:
    cell = read_cell(
        "%load_ext studio\n# the DAG\n%dag flights --schedule '0 6 * * 1-5' --tags a,b --catchup all"
    )
    assert (cell.kind, cell.name, cell.body_line, cell.problems) == ("dag", "flights", 3, ())
    assert cell.options == {"schedule": "0 6 * * 1-5", "tags": ("a", "b"), "catchup": "all"}


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("%%setup\nimport os", "setup"),
        ("%%params\nn = 1", "params"),
        ("x = 1", "code"),
        ("", "code"),
        ("%%time\nx = 1", "code"),
        ("%%tasks\nx = 1", "code"),
        ("x = 1\n%%task late", "code"),
        ("text = '%dag x'", "code"),
        ("%dags x", "code"),
        ("%dag", "code"),  # shows it again
    ],
)
def test_kinds(source: str, kind: str) -> None:
    assert read_cell(source).kind == kind


@pytest.mark.parametrize(
    ("source", "said", "hint", "line"),
    [
        ("%%task", "A task in cells needs one name, and there is none.", "Write %%task NAME.", 1),
        ("\n%%task a b", "A task in cells needs one name, not 2 words.", "Write %%task NAME.", 2),
        ("%%task a --retry 2", "%%task has no option --retry.", "Did you mean '--retries'?", 1),
        ("%%task a --retries two", "%%task, --retries: 'two' is no whole number.", "", 1),
        ("%%task a --retries", "%%task: --retries needs a value: --retries N (further tries when it fails).", "", 1),
        ("%%task a --map day", "%%task, --map: 'day' does not say what is mapped over what.",
         "Write VARIABLE=NAME: the variable of the cell, and the name of the list.", 1),
        ("%%task a --trigger-rule all_don", "%%task, --trigger-rule: 'all_don' is none of",
         "Did you mean 'all_done'?", 1),
        ("%%task a --pool 'x", "%%task: No closing quotation.", "A quote is opened and not closed.", 1),
        ("x\n%dag --tags a", "A DAG in cells needs one name, and there is none.", "Write %dag NAME.", 2),
        ("%dag f --shedule @daily", "%dag has no option --shedule.", "Did you mean '--schedule'?", 1),
        ("%%setup --quick\nx = 1", "%%setup has no option --quick.", "It takes none.", 1),
        ("%%setup once\nx = 1", "%%setup takes no name: 'once'.", "", 1),
    ],
)  # fmt: skip
def test_a_first_line_that_is_wrong_says_what_to_do(source: str, said: str, hint: str, line: int) -> None:
    problem = read_cell(source, 7).problems[0]
    assert problem.message.startswith(said)
    assert (problem.hint, problem.line, problem.cell) == (hint, line, 7)


def test_name_of_a_task_follows_the_rules_of_names() -> None:
    (problem,) = read_cell("%%task a/b").problems
    assert (problem.code, problem.severity) == ("bad_name", "error")
