"""The page of measurements: what was not measured again stays as it was."""

from __future__ import annotations

from benchmarks.page import MARK, PAGE, written


def test_only_the_sections_that_were_measured_change() -> None:
    words = "# Benchmarks\n\nWords.\n\n" + MARK
    first = written(
        words, {"panels": [("a view", "1 ms", "")], "idle": [("CPU", "0 %", "over 30 s")]}, "Monday."
    )
    second = written(first, {"panels": [("a view", "2 ms", "")]}, "Tuesday.")
    assert second == first.replace("| a view | 1 ms |  |", "| a view | 2 ms |  |").replace(
        "## The views in a browser\n\nMonday.", "## The views in a browser\n\nTuesday."
    )
    assert second.startswith(words)
    assert second.index("An idle server") < second.index("The views in a browser")


def test_the_page_of_the_project_is_read_and_written_alike() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert "## Notebooks\n" in text
    assert written(text, {}, "") == text
