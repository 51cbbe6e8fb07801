"""Cells of all kinds with what they need and give: `corpus/*.txt`, each with its answer in a line that begins `#:`."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.core.cells.names import names_of

FIELDS = (
    "reads", "writes", "mutates", "deletes", "maybe", "unsure", "modules", "functions", "classes", "builtins",
)  # fmt: skip


def snippets() -> list[tuple[str, str, str]]:
    """(theme, source, what is expected)"""
    found = []
    for path in sorted((Path(__file__).parent / "corpus").glob("*.txt")):
        lines: list[str] = []
        for line in path.read_text().splitlines():
            if line.startswith("#: "):
                found.append((path.stem, "\n".join(lines).strip("\n"), line[3:]))
                lines = []
            else:
                lines.append(line)
    return found


SNIPPETS = snippets()


def test_there_are_many() -> None:
    assert len({source for _, source, _ in SNIPPETS}) == len(SNIPPETS) >= 150


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param(source, expected, id=f"{theme}-{n}")
        for n, (theme, source, expected) in enumerate(SNIPPETS)
    ],
)
def test_names_of_a_cell(source: str, expected: str) -> None:
    names = names_of(source)
    told = [f"{field}: {' '.join(getattr(names, field))}" for field in FIELDS if getattr(names, field)]
    told += [f"{each.severity}: {each.code} {each.line}" for each in names.problems]
    assert (" | ".join(told) or "nothing") == expected
