"""Marked cells in a shell: they run as ordinary cells do, and say what they are to the DAG."""

from __future__ import annotations

import os

import pytest
from IPython.core.completer import provisionalcompleter

from .conftest import Save, Shell


def test_a_task_runs_here_and_says_what_it_reads_and_gives(shell: Shell) -> None:
    shell.run("%dag flights --start 2013-01-31")
    shell.run("%%params\nn: int = 2")
    first = shell.run("%%task extract\nrows = [ds] * n\nrows")
    assert (first.value, shell.names["rows"]) == (["2013-01-31"] * 2, ["2013-01-31"] * 2)
    assert first.shown[-1] == "extract: reads n, ds · binds rows"
    assert shell.run("%%task report\nlen(rows)").value == 2
    again = shell.run("%%task extract\nrows = [ds] * n")
    assert again.shown[-1] == "extract: reads n, ds · gives rows (report)"
    assert shell.tasks == ["extract", "report"]


def test_names_of_the_run_are_set_from_the_sample(shell: Shell) -> None:
    shell.run("%dag flights --schedule @daily --start 2013-01-01 --sample 2013-03-02")
    shell.run("%%task a\nfound = ds, ts_nodash, logical_date.month, data_interval_start.day, run_id, task_id")
    assert shell.names["found"] == ("2013-03-02", "20130302T000000", 3, 1, "sample__2013-03-02", "a")


def test_an_error_is_that_of_an_ordinary_cell(shell: Shell) -> None:
    shell.run("%dag flights")
    cell = shell.run("%%task a\nx = 1\nx / 0")
    assert isinstance(cell.result.error_in_exec, ZeroDivisionError)
    assert "line 3" in cell.printed
    assert "studio/" not in cell.printed
    assert shell.tasks == ["a"]


def test_await_is_an_ordinary_await(shell: Shell) -> None:
    shell.run("%dag flights")
    assert shell.run("%%task a\nimport asyncio\nawait asyncio.sleep(0)\n5").value == 5


def test_a_cell_magic_may_stand_at_the_top_of_a_body(shell: Shell) -> None:
    shell.run("%dag flights")
    assert "Wall time" in shell.run("%%task a\n%%time\nx = 1").printed
    assert shell.names["x"] == 1


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("%%task a --retrys 2\nx = 1", "%%task has no option --retrys. Did you mean '--retries'?"),
        ("%%task\nx = 1", "A task in cells needs one name, and there is none. Write %%task NAME."),
        (
            "%%task a --map x=xs\nx",
            "a is mapped over 'xs', which is not there: run the cell that gives it first, so that x can be its first "
            "item here.",
        ),
        ("%dag", "There is no DAG here yet. Write %dag NAME, for example: %dag flights --schedule @daily"),
        ("%dag flights --shedule @daily", "%dag has no option --shedule. Did you mean '--schedule'?"),
        ("%publish now", "%publish takes nothing. It hands over the DAG of the cells that were run here."),
    ],
)
def test_a_mistake_in_the_line_is_told_and_nothing_runs(shell: Shell, source: str, message: str) -> None:
    cell = shell.run(source)
    assert cell.printed.strip() == f"UsageError: {message}"
    assert "x" not in shell.names


def test_a_mapped_task_is_tried_with_the_first_item_and_gives_a_sequence(shell: Shell) -> None:
    shell.run("%dag flights")
    shell.run("%%setup\nORIGINS = ['EWR', 'JFK']")
    shell.run("%%task delays --map origin=ORIGINS\ndelay = origin.lower()")
    assert shell.names["delay"] == "ewr"
    assert shell.run("%%task report\nlist(delay)").value == ["ewr"]
    assert shell.names["delay"] == "ewr"


def test_an_empty_list_to_map_over_is_told(shell: Shell) -> None:
    shell.run("%dag flights")
    shell.run("%%setup\nORIGINS = []")
    assert "is empty: it would not run at all" in shell.run("%%task a --map o=ORIGINS\no").printed


def test_what_can_be_gone_through_once_is_not_used_up(shell: Shell) -> None:
    shell.run("%dag flights")
    shell.run("%%task a\nrows = (n for n in [1])")
    assert "make a list of it, `rows = list(rows)`." in shell.run("%%task b --map row=rows\nrow").printed
    assert list(shell.names["rows"]) == [1]


def test_a_changed_cell_replaces_its_task(shell: Shell) -> None:
    shell.run("%dag flights", "1")
    shell.run("%%task extract\nx = 1", "2")
    shell.run("%%task report\nprint(x)", "3")
    shell.run("%%task load\nx = 2", "2")
    assert shell.tasks == ["load", "report"]
    assert shell.dag["report"].upstream == ("load",)
    shell.run("x = 3", "2")
    shell.run("%dag", "4")
    assert shell.tasks == ["report"]


def test_without_ids_a_task_is_known_by_its_name_and_helpers_by_theirs(shell: Shell) -> None:
    shell.run("%dag flights")
    shell.run("%%setup\nfactor = 1")
    shell.run("%%setup\nother = 1")
    shell.run("%%task a\nx = factor")
    shell.run("%%setup\nfactor = 2")
    shell.run("%%task a\nx = factor + other")
    assert [cell.body for cell in shell.dag.flow.setup] == ["factor = 2", "other = 1"]
    assert (shell.tasks, shell.names["x"]) == (["a"], 3)


def test_cells_stand_in_the_order_of_the_file(shell: Shell, saved: Save) -> None:
    saved(d="%dag flights", b="%%task extract\nx = 1", c="%%task report\nprint(x)")
    shell.run("%dag flights", "d")
    shell.run("%%task report\nx = 1", "c")
    shell.run("%%task extract\nx = 1", "b")
    assert shell.tasks == ["extract", "report"]


def test_a_cell_that_was_deleted_is_gone_once_the_notebook_is_saved(shell: Shell, saved: Save) -> None:
    path = saved(d="%dag flights", b="%%task extract\nx = 1")
    shell.run("%dag flights", "d")
    shell.run("%%task extract\nx = 1", "b")
    shell.run("%%task report\nprint(x)", "c")
    assert shell.tasks == ["extract", "report"]
    saved(d="%dag flights", c="%%task report\nprint(1)")
    later = path.stat().st_mtime + 10
    os.utime(path, (later, later))
    shell.run("%%task report\nprint(1)", "c")
    assert shell.tasks == ["report"]


def test_dag_is_a_dag_until_the_user_takes_the_name(shell: Shell) -> None:
    shell.run("%dag flights")
    shell.run("%%task a\nx = 1")
    assert repr(shell.dag["a"]) == "<Task a (cell)>"
    shell.run("dag = 5")
    shell.run("%%task b\ny = 1")
    assert shell.names["dag"] == 5


def test_help_is_that_of_the_tables(shell: Shell) -> None:
    assert "--retry-delay DURATION" in shell.run("%%task --help").shown[0]
    assert "--schedule WHEN" in shell.run("%dag --help").shown[0]
    assert "hand the DAG of the cells" in shell.run("%publish --help").shown[0]


def completed(shell: Shell, text: str) -> list[str]:
    with provisionalcompleter():
        return [each.text for each in shell.ip.Completer.completions(text, len(text))]


def test_options_and_their_values_are_completed(shell: Shell) -> None:
    shell.run("%dag flights")
    shell.run("%%setup\nORIGINS = ['EWR']")
    shell.run("%%task extract\nrows = 1")
    assert "--retry-delay" in completed(shell, "%%task a --retry-d")
    assert completed(shell, "%%task a --trigger-rule all_s") == ["all_success", "all_skipped"]
    assert completed(shell, "%%task a --after ex") == ["extract"]
    assert "daily" in completed(shell, "%dag x --schedule @d")  # after the `@` that stands there


def test_publish_tells_how_the_saved_notebook_differs(
    shell: Shell, saved: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.authoring.handles.publish", lambda dag_id, snapshot: f"{dag_id} published")
    saved(d="%dag flights", a="%%task a\nx = 1", b="%%task b\ny = 1")
    shell.run("%dag flights", "d")
    shell.run("%%task a\nx = 2", "a")
    shell.run("%%task c\nz = 2", "c")
    cell = shell.run("%publish", "e")
    assert cell.value == "flights published"
    assert cell.shown == [
        "⚠ %%task a: published as run here, and flights.ipynb as saved says something else.",
        "⚠ %%task b: not published, because not run here.",
        "⚠ %%task c: published, but not saved in flights.ipynb.",
    ]


def test_the_cell_that_loads_the_extension_may_be_that_of_the_dag(
    shell: Shell, saved: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.authoring.handles.publish", lambda dag_id, snapshot: "published")
    source = "%load_ext studio\n%dag flights"
    saved(d=source, a="%%task a\nx = 1")
    shell.run("%unload_ext studio")
    shell.run(source, "d")
    shell.run("%%task a\nx = 1", "a")
    assert (shell.run("%publish").shown, shell.tasks) == ([], ["a"])


def test_publish_refuses_what_has_problems(shell: Shell) -> None:
    shell.run("%dag flights")
    shell.run("%%task a\nx = 1\nif False:\n    missing")
    assert shell.run("%publish").printed.strip() == (
        "UsageError: %%task a, line 4: 'a' reads 'missing', which nobody gives. Define it in a %%setup cell, in a task "
        "above, or in %%params."
    )


def test_a_terminal_waits_for_the_body(shell: Shell) -> None:
    assert shell.ip.check_complete("%%task a")[0] == "incomplete"


def test_unloading_takes_everything_away(shell: Shell) -> None:
    shell.run("%unload_ext studio")
    assert shell.run("%dag flights").printed.strip() == "UsageError: Line magic function `%dag` not found."
    assert shell.run("%%task a\nx = 1").printed.strip() == "UsageError: Cell magic `%%task` not found."


def test_a_value_that_no_run_could_pass_on_is_told_when_it_is_there(shell: Shell) -> None:
    shell.run("%dag flights")
    shell.run("%%task a\nrows = (n for n in [1])\ntable = [1]")
    read = shell.run("%%task b\nprint(table)\nlist(rows)")
    assert (read.value, shell.dag.snapshot().spec.id) == ([1], "flights")
    assert [(flaw.code, flaw.task, flaw.severity, flaw.message) for flaw in shell.dag.graph.problems] == [
        (
            "value_not_kept",
            "a",
            "warning",
            "The task 'a' gives 'rows', but a generator cannot be passed on to another task.",
        )
    ]
    told = shell.run("%%task a\nrows = (n for n in [1])\ntable = [1]").shown[-1]
    assert told.splitlines()[1] == (
        "⚠ The task 'a' gives 'rows', but a generator cannot be passed on to another task. Make a list of it: "
        "`rows = list(rows)`."
    )
    assert shell.run("%%task a\nrows = [1]\ntable = [1]").shown[-1] == "a: gives table (b), rows (b)"
    assert shell.dag.problems == []


def test_a_sample_that_is_no_date_is_told(shell: Shell) -> None:
    told = shell.run("%dag flights --sample nonsense").printed
    assert told.startswith("UsageError: sample is 'nonsense', which is no date.")
    shell.run("%dag flights")
    shell.run("%%task a\nday = ds")
    assert len(shell.names["day"]) == 10
