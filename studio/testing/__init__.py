"""For tests of DAGs and of Pipeline Studio itself: the parts of a studio that need no machine around them."""

from __future__ import annotations

from studio.testing.clock import FakeClock
from studio.testing.executor import ScriptedExecutor
from studio.testing.memory import MemoryStore

__all__ = ["FakeClock", "MemoryStore", "ScriptedExecutor"]
