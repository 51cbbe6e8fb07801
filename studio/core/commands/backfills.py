"""Backfills."""

from __future__ import annotations

from typing import Any

from studio.core.board import Board
from studio.core.events import CommandGiven


def existing_range(asked: dict[str, Any]) -> tuple[float, float]:
    """The logical dates that a backfill may be about."""
    dates = asked.get("dates") or [asked.get("from", 0.0), asked.get("to", 0.0)]
    return min(dates), max(dates)


def backfill(board: Board, event: CommandGiven) -> dict[str, Any]:
    raise NotImplementedError


def change_backfill(board: Board, event: CommandGiven) -> dict[str, Any]:
    raise NotImplementedError
