"""Dynamic mapping as data: over what a task or a group is expanded when its run gets there.

A source gives a list or a dict; a dict gives its `[key, value]` pairs, in order.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class Items(msgspec.Struct, frozen=True, tag="items", omit_defaults=True, forbid_unknown_fields=True):
    """Values that are known when the DAG is defined."""

    values: list[Any] | dict[str, Any]


class Output(msgspec.Struct, frozen=True, tag="output", omit_defaults=True, forbid_unknown_fields=True):
    """What an upstream task returned; of a mapped task: the values of its successful instances, in order."""

    task: str


class FromParam(msgspec.Struct, frozen=True, tag="param", omit_defaults=True, forbid_unknown_fields=True):
    """A param of the run."""

    name: str


class Zipped(msgspec.Struct, frozen=True, tag="zip", omit_defaults=True, forbid_unknown_fields=True):
    """Lists side by side; as long as the shortest, or as the longest with `fill` in the gaps."""

    sources: tuple[Source, ...]
    longest: bool = False
    fill: Any = None


class Concatenated(msgspec.Struct, frozen=True, tag="concat", omit_defaults=True, forbid_unknown_fields=True):
    """One list after the other."""

    sources: tuple[Source, ...]


class Transformed(msgspec.Struct, frozen=True, tag="map", omit_defaults=True, forbid_unknown_fields=True):
    """Each item given to a function, in the worker, when its task instance runs; `studio.Skip` skips that one."""

    source: Source
    function: str  # "package.module:name"
    path: tuple[str, ...] = ()  # directories to import from


Source = Items | Output | FromParam | Zipped | Concatenated | Transformed


class ExpandSpec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """How many task instances, and the arguments of each.

    `product`: each combination of the sources, the last argument varies fastest. `kwargs`: one source under the name
    "" whose items are dicts of arguments.
    """

    by: Literal["product", "kwargs"] = "product"
    over: dict[str, Source]


class GroupSpec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A group of tasks: structure for people, and, with `expand`, what is mapped as a whole.

    The arguments of an expanded group are in the template context of its tasks as `mapped.<argument>`, and stand
    for `{"$mapped": "argument"}` in their `config`.
    """

    id: str
    parent: str = ""  # GroupSpec.id
    label: str = ""
    doc: str = ""
    expand: ExpandSpec | None = None
