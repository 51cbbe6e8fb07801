"""Writes the files that are generated from the code; with `--check`, compares them and fails if one is stale.

docs/openapi.json, labextension/src/api/schema.ts, docs/states.md, docs/operators.md
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import TypeVar

from operator_guide import operator_guide

from studio.api.openapi import openapi_document
from studio.api.typescript import typescript
from studio.core import states

State = TypeVar("State", bound=Enum)

ROOT = Path(__file__).resolve().parents[1]


def outputs() -> dict[str, str]:
    """Path relative to the repository → content."""
    return {
        "docs/openapi.json": json.dumps(openapi_document(), indent=1, ensure_ascii=False) + "\n",
        "labextension/src/api/schema.ts": typescript(),
        "docs/states.md": states_page(),
        "docs/operators.md": operator_guide(),
    }


def states_page() -> str:
    """The transition tables as diagrams and tables."""
    return (
        "# States\n\n"
        "Generated from `studio/core/states.py` by `scripts/generate.py`. A state changes only along these lines, and\n"
        "the database repeats the guard.\n\n"
        + _section("TaskInstance", states.TRANSITIONS, states.TERMINAL, states.TaskState.NONE)
        + _section("DagRun", states.RUN_TRANSITIONS, states.RUN_TERMINAL, states.RunState.QUEUED)
        + _section("Attempt", states.ATTEMPT_TRANSITIONS, states.ATTEMPT_TERMINAL, states.AttemptState.QUEUED)
    ).rstrip("\n") + "\n"


def _section(
    title: str, table: Mapping[State, Mapping[State, str]], terminal: frozenset[State], first: State
) -> str:
    edges = [
        (start.value, finish.value, why) for start, nexts in table.items() for finish, why in nexts.items()
    ]
    diagram = [f"    [*] --> {first.value}", *(f"    {start} --> {finish}" for start, finish, _ in edges)]
    rows = [f"| {start} | {finish} | {why} |" for start, finish, why in edges]
    ended = ", ".join(f"`{state.value}`" for state in table if state in terminal)
    return (
        f"## {title}\n\nTerminal: {ended}.\n\n```mermaid\nstateDiagram-v2\n"
        + "\n".join(diagram)
        + "\n```\n\n"
        "| from | to | when |\n|---|---|---|\n" + "\n".join(rows) + "\n\n"
    )


def main() -> int:
    stale = []
    for name, content in outputs().items():
        path = ROOT / name
        if path.exists() and path.read_text(encoding="utf-8") == content:
            continue
        stale.append(name)
        if "--check" not in sys.argv[1:]:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
    if stale and "--check" in sys.argv[1:]:
        print(
            f"Not in sync with the code: {', '.join(stale)}. Run `python scripts/generate.py`.",
            file=sys.stderr,
        )
        return 1
    for name in stale:
        print(f"wrote {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
