"""Groups of statements before anything is merged: where one begins, and what it is about."""

from __future__ import annotations

from collections.abc import Sequence

from studio.authoring.converting.grouping import Group
from studio.authoring.converting.headings import slug
from studio.authoring.converting.setup_code import CommonCode


def with_beginning(groups: list[Group], common: CommonCode) -> list[Group]:
    """One statement that is left of the cell of the imports, such as `rng = default_rng(1)`, is no task by itself."""
    imported = next((chunk.cell for chunk in common.setup if chunk.kind == "import"), None)
    if len(groups) > 1 and len(groups[0].chunks) == 1 and groups[0].chunks[0].cell == imported:
        groups[1].place = groups[1].chunks[0].cell
        groups[1].chunks[:0] = groups[0].chunks
        return groups[1:]
    return groups


def without_looking(groups: Sequence[Group]) -> list[Group]:
    """Without headings each cell is a task; what only looks at values belongs to the one before."""
    found: list[Group] = []
    for group in groups:
        if found and not defined(group):
            found[-1].chunks += group.chunks
        else:
            found.append(group)
    return found


def title_of(group: Group) -> str:
    """A title for statements without a heading: their first comment, or what they make."""
    first = group.chunks[0].text.lstrip().splitlines()[0]
    comment = first.lstrip("# -=").strip()
    if first.startswith("#") and slug(comment) and len(comment) <= 50:
        return comment
    return telling(defined(group))


def telling(names: Sequence[str]) -> str:
    """The last one that says something, unlike the `i` of a loop."""
    return next(
        (slug(name) for name in reversed(names) if len(name) > 1 and slug(name)),
        slug(names[0]) if names else "",
    )


def defined(group: Group) -> list[str]:
    """Names that it binds."""
    return list(
        dict.fromkeys(
            name for chunk in group.chunks for name in chunk.names.writes if not name.startswith("_")
        )
    )
