"""How a wait for something elsewhere ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Ending:
    """What becomes of the task instance. `is_final`: of a failure, that no other try would help."""

    state: Literal["success", "failed", "skipped"]
    value: Any = None
    error: str | None = None
    details: dict[str, Any] = field(default_factory=dict)
    is_final: bool = True
