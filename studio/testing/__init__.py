"""For tests of DAGs, and of Pipeline Studio itself: `dag.test()` and its parts. See docs/testing.md.

Names load when they are first used: the pytest plugin is imported in every run of pytest.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from studio.testing.asking import run_dag as run_dag
    from studio.testing.asking import run_task as run_task
    from studio.testing.clock import FakeClock as FakeClock
    from studio.testing.executor import ScriptedExecutor as ScriptedExecutor
    from studio.testing.jumping_clock import JumpingClock as JumpingClock
    from studio.testing.memory import MemoryStore as MemoryStore
    from studio.testing.results import RunFailed as RunFailed
    from studio.testing.results import TestedTask as TestedTask
    from studio.testing.results import TestRun as TestRun
    from studio.testing.stepping import Trial as Trial
    from studio.testing.stepping import TrialOver as TrialOver

__all__ = [
    "FakeClock", "JumpingClock", "MemoryStore", "RunFailed", "ScriptedExecutor", "TestRun", "TestedTask",
    "Trial", "TrialOver", "run_dag", "run_task",
]  # fmt: skip

_HOMES: Final = {
    "run_dag": "asking",
    "run_task": "asking",
    "FakeClock": "clock",
    "ScriptedExecutor": "executor",
    "JumpingClock": "jumping_clock",
    "MemoryStore": "memory",
    "RunFailed": "results",
    "TestRun": "results",
    "TestedTask": "results",
    "Trial": "stepping",
    "TrialOver": "stepping",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(
            f"module 'studio.testing' has no attribute {name!r}; it has {', '.join(__all__)}"
        )
    value = getattr(import_module(f"studio.testing.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
