"""Conditions over assets: which assets they name, whether they hold, how they read."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import msgspec

MAX_DEPTH: Final = 20
MAX_ASSETS: Final = 1000


class AssetRef(msgspec.Struct, frozen=True, tag="asset", omit_defaults=True, forbid_unknown_fields=True):
    """True when there is an event of this asset."""

    name: str


class AssetAll(msgspec.Struct, frozen=True, tag="all", omit_defaults=True, forbid_unknown_fields=True):
    """True when all of these are."""

    of: tuple[AssetCondition, ...]


class AssetAny(msgspec.Struct, frozen=True, tag="any", omit_defaults=True, forbid_unknown_fields=True):
    """True when one of these is."""

    of: tuple[AssetCondition, ...]


AssetCondition = AssetRef | AssetAll | AssetAny


def holds(condition: AssetCondition, queued: Collection[str]) -> bool:
    """Is the condition true, when there are events of the assets `queued`?"""
    match condition:
        case AssetRef(name):
            return name in queued
        case AssetAll(of):
            return all(holds(part, queued) for part in of)
        case AssetAny(of):
            return any(holds(part, queued) for part in of)


def assets_in(condition: AssetCondition) -> tuple[str, ...]:
    """The names of its assets, each once, in the order in which they are first named."""
    match condition:
        case AssetRef(name):
            return (name,)
        case AssetAll(of) | AssetAny(of):
            return tuple(dict.fromkeys(name for part in of for name in assets_in(part)))


def condition_text(condition: AssetCondition) -> str:
    """As people write it: `a & (b | c)`."""
    match condition:
        case AssetRef(name):
            return name
        case AssetAll(of):
            return " & ".join(_part(part) for part in of)
        case AssetAny(of):
            return " | ".join(_part(part) for part in of)


def depth(condition: AssetCondition) -> int:
    """How deep it is nested; a single asset: 1."""
    if isinstance(condition, AssetRef):
        return 1
    return 1 + max((depth(part) for part in condition.of), default=0)


def _part(condition: AssetCondition) -> str:
    text = condition_text(condition)
    return text if isinstance(condition, AssetRef) or len(condition.of) == 1 else f"({text})"
