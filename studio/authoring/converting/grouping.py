"""Sections of a notebook → groups of statements, one for each task: what cannot be passed on stays in one group."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from studio.authoring.converting.chunks import Chunk
from studio.authoring.converting.effects import (
    Effects,
    aliases_of,
    changed_by,
    draws_from,
    kept_open,
    seeds,
)


@dataclass(slots=True)
class Group:
    """The statements of a task, in order."""

    title: str  # the heading, or what else says what it is about
    chunks: list[Chunk]
    parts: list[str] = field(default_factory=list)  # titles of what it was merged of
    place: int | None = None  # the cell where it stands, unless that is the one of its first statement
    copies: list[Chunk] = field(default_factory=list)  # functions of groups above that it needs

    def reads(self) -> list[str]:
        """Names that it needs from outside."""
        bound: set[str] = set()
        found: dict[str, None] = {}
        for chunk in (*self.copies, *self.chunks):
            is_late = chunk.kind == "function"
            found.update({name: None for name in chunk.names.reads if name not in bound and not is_late})
            bound |= {*chunk.names.writes} - {*chunk.names.maybe}
        for chunk in (*self.copies, *self.chunks):
            if chunk.kind == "function":
                found.update({name: None for name in chunk.names.reads if name not in bound})
        return list(found)

    def is_only_definitions(self) -> bool:
        return all(chunk.kind == "function" for chunk in self.chunks)


@dataclass(slots=True)
class Grouping:
    """All groups, and why some are larger than their section."""

    groups: list[Group]
    remarks: list[str] = field(default_factory=list)

    def merge(self, first: int, last: int, reason: str) -> None:
        """Make one group of those from `first` to `last`."""
        taken = self.groups[first : last + 1]
        parts = [part for group in taken for part in (group.parts or [group.title])]
        titles = " and ".join(f"“{part}”" for part in (parts if len(parts) <= 3 else [parts[0], parts[-1]]))
        between = " with all between" if len(parts) > 3 else ""
        self.remarks.append(f"{titles}{between} are one task: {reason}")
        chunks = [chunk for group in taken for chunk in group.chunks]
        self.groups[first : last + 1] = [Group(taken[0].title, chunks, parts, taken[0].place)]


def grouped(
    groups: list[Group],
    effects: Mapping[str, Effects],
    modules: Mapping[str, str],
    *,
    is_seeded: bool,
    common: Sequence[Chunk],
) -> Grouping:
    """Merge groups until every value that passes between two of them can be passed on."""
    made = Grouping(groups)
    while _merge_open(made, effects) or _merge_bound(made, effects) or _merge_aliases(made, effects):
        pass
    if is_seeded:
        _merge_random(made, modules, common)
    while _merge_open(made, effects):
        pass
    _copy_functions(made)
    return made


def _merge_open(made: Grouping, effects: Mapping[str, Effects]) -> bool:
    """Open files, figures that are drawn on, generators: from where they are made to where they are last used."""
    giver: dict[str, tuple[int, str]] = {}  # name → group, what it is ("": it can be passed on)
    for index, group in enumerate(made.groups):
        for name in group.reads():
            at, what = giver.get(name, (index, ""))
            if what and at < index:
                last = _last_reader(made.groups, name, index)
                made.merge(at, last, f"{name!r} is {what}, which cannot be passed on to another task.")
                return True
        for chunk in group.chunks:
            opened = kept_open(chunk, effects)
            for name in chunk.names.writes:
                giver[name] = (index, opened.get(name, ""))
    return False


def _last_reader(groups: Sequence[Group], name: str, index: int) -> int:
    """The last group that reads `name` as it is at the group `index`."""
    last = index
    for at in range(index, len(groups)):
        if name in groups[at].reads():
            last = at
        if any(name in chunk.names.writes for chunk in groups[at].chunks):
            break
    return last


def _merge_bound(made: Grouping, effects: Mapping[str, Effects]) -> bool:
    """Classes that need values of tasks, imports that only happen on some ways, functions with `global`."""
    giver: dict[str, tuple[int, str]] = {}
    for index, group in enumerate(made.groups):
        for name in group.reads():
            at, what = giver.get(name, (index, ""))
            if what and at < index:
                made.merge(at, _last_reader(made.groups, name, index), f"{name!r} is {what}.")
                return True
        for chunk in group.chunks:
            for name in chunk.names.writes:
                what = ""
                if name in chunk.names.classes:
                    what = "a class that needs values of its task"
                elif name in chunk.names.modules:
                    what = "imported there, on some ways only"
                elif name in chunk.names.functions and chunk.kind != "function":
                    what = "a function that is defined there on some ways only"
                elif name in effects and effects[name].binds:
                    what = f"a function that binds the global name {effects[name].binds[0]!r}"
                giver[name] = (index, what)
    return False


def _merge_aliases(made: Grouping, effects: Mapping[str, Effects]) -> bool:
    """Two names of one object, when it is changed through one of them in a later group and read through the other."""
    pairs: list[tuple[int, str, str]] = []
    for index, group in enumerate(made.groups):
        changed = {
            name for chunk in group.chunks for name in (*chunk.names.mutates, *changed_by(chunk, effects))
        }
        for at, one, other in pairs:
            for here, there in ((one, other), (other, one)):
                if here not in changed or at == index:
                    continue
                last = max(
                    (n for n in range(index, len(made.groups)) if there in made.groups[n].reads()), default=-1
                )
                if last > index or (last == index and there in group.reads()):
                    made.merge(at, last, f"{one!r} and {other!r} share an object, which is changed in place.")
                    return True
        bound = {name for chunk in group.chunks for name in chunk.names.writes}
        pairs = [pair for pair in pairs if pair[1] not in bound and pair[2] not in bound]
        pairs += [(index, *pair) for chunk in group.chunks for pair in aliases_of(chunk)]
    return False


def _merge_random(made: Grouping, modules: Mapping[str, str], common: Sequence[Chunk]) -> None:
    """Seeded once, drawn from by several: the numbers are the same only within one process."""
    drawing = {
        name: draws_from(chunk, modules)
        for chunk in common
        if chunk.kind == "function"
        for name in chunk.names.writes
    }
    for which in ("numpy", "random"):
        users = []
        for index, group in enumerate(made.groups):
            drawn = {
                each
                for chunk in group.chunks
                for each in draws_from(chunk, modules)
                if not seeds(chunk, modules)
            }
            for chunk in group.chunks:
                for name in chunk.names.reads:
                    drawn |= drawing.get(name, set())
            if which in drawn:
                users.append(index)
        if len(users) > 1:
            library = "numpy's" if which == "numpy" else "Python's"
            reason = (
                f"they draw from {library} global random generator, one after the other. With a generator of its own "
                "that is passed on, each could be a task."
            )
            made.merge(users[0], users[-1], reason)


def _copy_functions(made: Grouping) -> None:
    """A function that reads values of tasks is defined in each task that calls it."""
    defined: dict[str, Chunk] = {}
    kept: list[Group] = []
    copied: dict[str, list[str]] = {}
    for group in made.groups:
        waiting = [name for name in group.reads() if name in defined]
        needed: dict[str, None] = {}
        while waiting:
            name = waiting.pop()
            if name not in needed:
                needed[name] = None
                waiting += [each for each in defined[name].names.reads if each in defined]
        group.copies = [chunk for name, chunk in defined.items() if name in needed]
        for name in needed:
            copied.setdefault(name, []).append(group.title)
        for chunk in group.chunks:
            for name in chunk.names.writes:
                defined.pop(name, None)
                if chunk.kind == "function" and name in chunk.names.functions + _lambdas(chunk):
                    defined[name] = chunk
        if not group.is_only_definitions():
            kept.append(group)
    for name, titles in copied.items():
        if name in defined:
            read = [each for each in defined[name].names.reads if each not in copied]
            places = " and ".join(f"“{title}”" for title in dict.fromkeys(titles))
            made.remarks.append(
                f"The function {name!r} is written into {places} as well, because it reads "
                f"{', '.join(map(repr, read[:3])) or 'values of tasks'}; with arguments instead, %%setup could have it."
            )
    made.groups = kept


def _lambdas(chunk: Chunk) -> tuple[str, ...]:
    return chunk.names.writes if isinstance(chunk.statement, ast.Assign) else ()


def is_drawn(chunk: Chunk, modules: Mapping[str, str]) -> bool:
    """Whether a statement draws with pyplot."""
    pyplot = {name for name, module in modules.items() if module.startswith(("matplotlib.pyplot", "seaborn"))}
    for each in ast.walk(ast.Module(list(chunk.tree), [])):
        if isinstance(each, ast.Name) and each.id in pyplot:
            return True
        if (
            isinstance(each, ast.Attribute)
            and each.attr in ("plot", "hist", "boxplot")
            and "matplotlib" in str(modules)
        ):
            return True
    return False
